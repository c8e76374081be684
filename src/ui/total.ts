import type { Event } from '../transfer/events.js';
import { Meter } from './meter.js';

/** Measures transfers, some of them at a time, as if they were one. */
export class Total {
  readonly meter: Meter;
  #hasBegun = false;
  /** How many are not over. */
  #left: number;
  /** Bytes of those that are over. */
  #done = 0;
  /** Bytes of those under way, by their ids. */
  readonly #underWay = new Map<number, number>();

  /** `sizes` in bytes; if one of them is unknown, the whole is. `now` in milliseconds. */
  constructor(sizes: (number | undefined)[], now: () => number) {
    const whole = sizes.reduce((sum, size) =>
      sum === undefined || size === undefined ? undefined : sum + size,
    );
    this.meter = new Meter(`total of ${sizes.length} files`, whole, now);
    this.#left = sizes.length;
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
    if (event.event === 'already-there') {
      this.meter.skip(event.size);
      this.#over(event.id, event.size);
    }
    if (event.event === 'failed' && event.id !== undefined) {
      this.#over(event.id, this.#underWay.get(event.id) ?? 0);
    }
    this.meter.update(this.#bytes);
  }

  get #bytes(): number {
    let bytes = this.#done;
    for (const some of this.#underWay.values()) bytes += some;
    return bytes;
  }

  #over(id: number, bytes: number): void {
    this.#underWay.delete(id);
    this.#done += bytes;
    this.#left -= 1;
  }
}
