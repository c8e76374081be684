import type { Event } from '../transfer/events.js';
import { Meter } from './meter.js';

/** Measures transfers that run one after the other as if they were one. */
export class Total {
  readonly meter: Meter;
  /** Bytes of those that are done. */
  #done = 0;

  /** `sizes` in bytes; if one of them is unknown, the whole is. `now` in milliseconds. */
  constructor(sizes: (number | undefined)[], now: () => number) {
    const whole = sizes.reduce((sum, size) =>
      sum === undefined || size === undefined ? undefined : sum + size,
    );
    this.meter = new Meter(`total of ${sizes.length} files`, whole, now);
  }

  track(event: Event): void {
    if (event.event === 'resumed') this.meter.restart(this.#done + event.offset);
    if (event.event === 'progress') this.meter.update(this.#done + event.bytes);
    if (event.event === 'done') {
      this.#done += event.size;
      this.meter.update(this.#done);
    }
  }
}
