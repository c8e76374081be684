import type { Event } from '../transfer/events.js';
import type { Outline } from '../transfer/sources/source.js';
import { formatBytes, formatDuration } from '../units.js';
import { Arrived } from './arrived.js';
import { count, was } from './counts.js';
import { Total } from './total.js';

/** Where there are more files, a line for each would only hide what went wrong. */
const MOST_LINES = 10;

/** What is told of several files: little of each, and one line in the end. */
export class Several {
  readonly #now: () => number;
  readonly #arrived = new Arrived();
  #total: Total | undefined;
  #since = 0;
  #verb = 'sent';
  #sent = { files: 0, bytes: 0 };
  #unverified = 0;
  #there = 0;
  #left = 0;
  /** `folders`: those without files. */
  #failed = { files: 0, folders: 0 };
  /** Files of which it is known what became of them, but for those that were not tried. */
  #ended = 0;

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
    this.#arrived.track(event);
    if (!this.#total) return;
    this.#total.track(event);
    if (event.event === 'skipped') this.#addFailed(this.#total.from(event.first));
    if (!('id' in event) || event.id === undefined) return;
    const isFolder = 'isFolder' in event;
    if (event.event === 'failed') {
      this.#addFailed(isFolder ? { files: 0, folders: 1 } : { files: 1, folders: 0 });
    }
    // It has no files in it, and counts as none.
    if (!isFolder) this.#count(event);
  }

  #addFailed({ files, folders }: { files: number; folders: number }): void {
    const before = this.#failed;
    this.#failed = { files: before.files + files, folders: before.folders + folders };
  }

  #count(event: Event): void {
    if (event.event === 'already-there') this.#there += 1;
    if (event.event === 'left') this.#left += 1;
    if (ENDS.has(event.event)) this.#ended += 1;
    if (event.event !== 'done' && event.event !== 'uploaded') return;
    this.#verb = event.event === 'done' ? 'sent' : 'uploaded';
    if (event.event === 'done' && event.unverified) this.#unverified += 1;
    else this.#sent = { files: this.#sent.files + 1, bytes: this.#sent.bytes + event.size };
  }

  /** What became of all of them, once, when the last one is over. */
  summary(): string | undefined {
    return this.#total?.isOver ? this.#summary() : undefined;
  }

  /** What became of them so far, where the command ends before the last one is over; and what has arrived. Once. */
  endsHere(): string | undefined {
    if (!this.#total) return this.#arrived.summary();
    const files = this.#total.files - this.#ended;
    if (this.#ended > 0) return this.#summary(files);
    this.#total = undefined;
    return undefined;
  }

  /** `untried`: files of which no more is known. */
  #summary(untried = 0): string | undefined {
    this.#total = undefined;
    const { files, bytes } = this.#sent;
    const seconds = (this.#now() - this.#since) / 1000;
    const notSent = this.#failed.files + untried;
    const { folders } = this.#failed;
    const parts = [
      ...(files > 0
        ? [`${this.#verb} ${count(files)}, ${formatBytes(bytes)} in ${formatDuration(seconds)}`]
        : []),
      ...(this.#unverified > 0 ? [`${count(this.#unverified)} delivered, not verified`] : []),
      ...(this.#left > 0 ? [`${count(this.#left)} left with a link, not verified`] : []),
      ...(this.#there > 0 ? [`${count(this.#there)} ${was(this.#there)} already there`] : []),
      ...(notSent > 0 ? [`${count(notSent)} ${was(notSent)} not sent`] : []),
      ...(folders > 0 ? [`${count(folders, 'folder')} ${was(folders)} not sent`] : []),
    ];
    return parts.length > 0 ? parts.join('; ') : undefined;
  }
}

const ENDS: ReadonlySet<Event['event']> = new Set([
  'done',
  'uploaded',
  'left',
  'already-there',
  'failed',
]);
