import type { Event } from '../transfer/events.js';
import { formatBytes, formatDuration, formatRate } from '../units.js';
import { Meter } from './meter.js';
import type { Total } from './total.js';

const MINUTE_MS = 60_000;

const ENDS: ReadonlySet<Event['event']> = new Set(['done', 'uploaded', 'left', 'folder', 'failed']);

/** Says from time to time how far what takes long is, where there are no bars. */
export class Minutes {
  readonly #now: () => number;
  readonly #meters = new Map<number, { meter: Meter; verb: string; told: number }>();
  #total: { total: Total; told: number } | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Several transfers are to come, of which all together are told. */
  expect(total: Total | undefined): void {
    this.#total = total && { total, told: this.#now() };
  }

  /** A line, where one is due. */
  track(event: Event): string | undefined {
    if (!('id' in event) || event.id === undefined) return undefined;
    const { id } = event;
    if (event.event === 'start') {
      const meter = new Meter(event.name, event.size, this.#now);
      const verb = event.incoming ? 'receiving' : 'sending';
      this.#meters.set(id, { meter, verb, told: this.#now() });
    }
    const own = this.#meters.get(id);
    if (event.event === 'resumed') own?.meter.restart(event.offset);
    if (ENDS.has(event.event)) this.#meters.delete(id);
    if (event.event !== 'progress' || !own) return undefined;
    own.meter.update(event.bytes);
    if (!this.#total) return this.#due(own, own.meter, own.verb);
    return this.#due(this.#total, this.#total.total.meter, 'sending');
  }

  #due(last: { told: number }, meter: Meter, verb: string): string | undefined {
    const now = this.#now();
    if (now - last.told < MINUTE_MS) return undefined;
    last.told = now;
    const { bytes, size, name } = meter;
    const remaining = meter.remaining();
    const done =
      size === undefined
        ? formatBytes(bytes)
        : `${Math.floor((100 * bytes) / Math.max(size, 1))} % of ${formatBytes(size)}`;
    const left = remaining === undefined ? '' : `, ${formatDuration(remaining)} left`;
    return `${verb} ${name}: ${done}, ${formatRate(meter.rate())}${left}`;
  }
}
