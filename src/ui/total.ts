import type { Event } from '../transfer/events.js';
import type { Outline } from '../transfer/sources/source.js';
import { Meter } from './meter.js';

/** Measures transfers, some of them at a time, as if they were one. */
export class Total {
  readonly meter: Meter;
  readonly #expected: readonly Outline[];
  #files = 0;
  /** How many are not over, those folders too. */
  #left = 0;
  #hasBegun = false;
  /** Bytes of those that are over. */
  #done = 0;
  /** Bytes of those under way, by their ids. */
  readonly #underWay = new Map<number, number>();

  /** `expected`: each goes to so many recipients. If a size is unknown, the whole is. `now` in milliseconds. */
  constructor(expected: readonly Outline[], recipients: number, now: () => number) {
    this.#expected = expected;
    this.meter = new Meter('', 0, now);
    this.#count(expected, recipients);
  }

  /** How many are to be sent; folders without files are none. */
  get files(): number {
    return this.#files;
  }

  /** How many of them go to each recipient, from this place in the command on, and how many folders without any. */
  from(first: number): { files: number; folders: number } {
    const rest = this.#expected.slice(first);
    const folders = rest.filter(({ isFolder }) => isFolder).length;
    return { files: rest.length - folders, folders };
  }

  get isOver(): boolean {
    return this.#left <= 0;
  }

  /** One of them has begun, and not all are over. */
  get isRunning(): boolean {
    return this.#hasBegun && this.#left > 0;
  }

  track(event: Event): void {
    this.#hasBegun ||= event.event === 'start';
    if (event.event === 'resumed') {
      this.#underWay.set(event.id, event.offset);
      this.meter.restart(this.#bytes);
    }
    if (event.event === 'progress') this.#underWay.set(event.id, event.bytes);
    if (event.event === 'done') this.#over(event.id, event.size);
    if (event.event === 'uploaded' || event.event === 'left') this.#over(event.id, event.size);
    if (event.event === 'already-there') this.#passOver(event.id, event.size);
    if (event.event === 'failed' && event.id !== undefined) this.#passOver(event.id, event.size);
    if (event.event === 'skipped') {
      this.#count(this.#expected.slice(event.first), -1);
    }
    this.meter.update(this.#bytes);
  }

  /** Expects each of these so many times more. */
  #count(files: readonly Outline[], times: number): void {
    const { meter } = this;
    for (const { size, isFolder } of files) {
      const whole = meter.size;
      meter.size = whole === undefined || size === undefined ? undefined : whole + size * times;
      this.#files += isFolder ? 0 : times;
      this.#left += times;
    }
    meter.name = `total of ${this.#files} ${this.#files === 1 ? 'file' : 'files'}`;
  }

  get #bytes(): number {
    let bytes = this.#done;
    for (const some of this.#underWay.values()) bytes += some;
    return bytes;
  }

  /** What was not sent of it now is not to come, and counts for no rate. */
  #passOver(id: number, size: number | undefined): void {
    const sent = this.#underWay.get(id) ?? 0;
    const whole = size ?? sent;
    this.meter.skip(whole - sent);
    this.#over(id, whole);
  }

  #over(id: number, bytes: number): void {
    this.#underWay.delete(id);
    this.#done += bytes;
    this.#left -= 1;
  }
}
