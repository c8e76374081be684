import type { Event } from '../../transfer/events.js';
import { Meter } from '../meter.js';
import type { Output } from '../report.js';
import type { Total } from '../total.js';
import { barLine } from './bar-line.js';

const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;
/** Files that are sooner over than this have no bar among several: many small ones would make the terminal flicker. */
const CALM_MS = 1_000;

const ENDS: ReadonlySet<Event['event']> = new Set(['done', 'uploaded', 'left', 'folder', 'failed']);

/** A line for each transfer that runs, and one for all of them. */
export class Bars {
  /** The meters of the transfers, by their ids, and since when each runs. */
  readonly #meters = new Map<number, { meter: Meter; since: number }>();
  #total: Total | undefined;

  constructor(
    private readonly output: Output,
    private readonly now: () => number,
  ) {}

  /** Several transfers are to come, which are counted there. */
  expect(total: Total | undefined): void {
    this.#total = total;
  }

  /** Keeps count of the transfer that the event is about. */
  track(event: Event): void {
    if (!('id' in event) || event.id === undefined) return;
    const { id } = event;
    if (event.event === 'start') {
      const meter = new Meter(event.name, event.size, this.now);
      this.#meters.set(id, { meter, since: this.now() });
    }
    if (event.event === 'resumed') this.#meters.get(id)?.meter.restart(event.offset);
    if (event.event === 'progress') this.#meters.get(id)?.meter.update(event.bytes);
    if (ENDS.has(event.event)) this.#meters.delete(id);
  }

  /** What should be seen now. The last column stays free: some terminals wrap as soon as it is written to. */
  lines(): string[] {
    const { columns = DEFAULT_COLUMNS } = this.output;
    return this.#due().map((meter) => barLine(meter, columns - 1));
  }

  #due(): Meter[] {
    const total = this.#total;
    const calm = total ? this.now() - CALM_MS : Number.POSITIVE_INFINITY;
    const each = [...this.#meters.values()].filter(({ since }) => since <= calm);
    const meters = each.map(({ meter }) => meter);
    // What does not fit could not be wiped out again: the cursor stops at the top row.
    const fitting = (this.output.rows || DEFAULT_ROWS) - 1;
    if (!total?.isRunning) return meters.slice(0, fitting);
    return [...meters.slice(0, fitting - 1), total.meter];
  }
}
