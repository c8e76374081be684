import type { Event } from '../transfer/events.js';
import type { Outline } from '../transfer/sources/source.js';
import { formatBytes, formatDuration } from '../units.js';
import { Total } from './total.js';

/** Where there are more files, a line for each would only hide what went wrong. */
const MOST_LINES = 10;

/** What is told of several files that a command sends: little of each, and one line in the end. */
export class Several {
  readonly #now: () => number;
  #total: Total | undefined;
  #since = 0;
  #verb = 'sent';
  #sent = { files: 0, bytes: 0 };
  #unverified = 0;
  #there = 0;
  #left = 0;
  #failed = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts what is to come; nothing where it is one file. */
  expect(files: readonly Outline[], recipients: number): Total | undefined {
    const isOfSeveral = files.length * recipients > 1;
    this.#total = isOfSeveral ? new Total(files, recipients, this.#now) : undefined;
    this.#since = this.#now();
    return this.#total;
  }

  /** Whether a line for what became well of each would be too much. */
  get areMany(): boolean {
    return (this.#total?.files ?? 0) > MOST_LINES;
  }

  track(event: Event): void {
    if (!this.#total) return;
    this.#total.track(event);
    if (!isOfFolder(event)) this.#count(event);
  }

  #count(event: Event): void {
    if (event.event === 'already-there') this.#there += 1;
    if (event.event === 'left') this.#left += 1;
    if (event.event === 'failed' && event.id !== undefined) this.#failed += 1;
    if (event.event === 'skipped') this.#failed += this.#total?.filesFrom(event.first) ?? 0;
    if (event.event !== 'done' && event.event !== 'uploaded') return;
    this.#verb = event.event === 'done' ? 'sent' : 'uploaded';
    if (event.event === 'done' && event.unverified) this.#unverified += 1;
    else this.#sent = { files: this.#sent.files + 1, bytes: this.#sent.bytes + event.size };
  }

  /** What became of all of them, once, when the last one is over. */
  summary(): string | undefined {
    if (!this.#total?.isOver) return undefined;
    this.#total = undefined;
    const { files, bytes } = this.#sent;
    const seconds = (this.#now() - this.#since) / 1000;
    const parts = [
      ...(files > 0
        ? [`${this.#verb} ${count(files)}, ${formatBytes(bytes)} in ${formatDuration(seconds)}`]
        : []),
      ...(this.#unverified > 0 ? [`${count(this.#unverified)} delivered, not verified`] : []),
      ...(this.#left > 0 ? [`${count(this.#left)} left with a link, not verified`] : []),
      ...(this.#there > 0 ? [`${count(this.#there)} ${was(this.#there)} already there`] : []),
      ...(this.#failed > 0 ? [`${count(this.#failed)} ${was(this.#failed)} not sent`] : []),
    ];
    return parts.length > 0 ? parts.join('; ') : undefined;
  }
}

/** It has no files in it, and counts as none. */
const isOfFolder = (event: Event): boolean =>
  'name' in event && event.name !== undefined && event.name.endsWith('/');

const count = (files: number): string => (files === 1 ? '1 file' : `${files} files`);

const was = (files: number): string => (files === 1 ? 'was' : 'were');
