import type { Event } from '../../transfer/events.js';
import { Meter } from '../meter.js';
import type { Total } from '../total.js';
import { barLine } from './bar-line.js';
import type { Line } from './foot.js';

/** Files that are sooner over than this have no bar among several: many small ones would make the terminal flicker. */
const CALM_MS = 1_000;

const ENDS: ReadonlySet<Event['event']> = new Set(['done', 'uploaded', 'left', 'folder', 'failed']);

/** A line for each transfer that runs, and one for all of them. */
export class Bars {
  /** By the ids of the transfers, and since when each runs. */
  readonly #running = new Map<number, { meter: Meter; since: number; line: Line }>();
  #total: Total | undefined;
  #hasOthers = false;
  readonly #totalLine: Line = (columns) => (this.#total ? barLine(this.#total.meter, columns) : '');

  constructor(private readonly now: () => number) {}

  /** Several transfers are to come, which are counted there; to so many recipients. */
  expect(total: Total | undefined, recipients: number): void {
    this.#total = total;
    this.#hasOthers = recipients > 1;
  }

  /** Keeps count of the transfer that the event is about. */
  track(event: Event): void {
    if (!('id' in event) || event.id === undefined) return;
    const { id } = event;
    if (event.event === 'start') {
      const name = this.#hasOthers ? `${event.name} to ${event.peer}` : event.name;
      const meter = new Meter(name, event.size, this.now);
      const line: Line = (columns) => barLine(meter, columns, event.peer);
      this.#running.set(id, { meter, since: this.now(), line });
    }
    if (event.event === 'resumed') this.#running.get(id)?.meter.restart(event.offset);
    if (event.event === 'progress') this.#running.get(id)?.meter.update(event.bytes);
    if (ENDS.has(event.event)) this.#running.delete(id);
  }

  /** What should be seen now, in so many rows. */
  due(rows: number): Line[] {
    const calm = this.#total ? this.now() - CALM_MS : Number.POSITIVE_INFINITY;
    const each = [...this.#running.values()].filter(({ since }) => since <= calm);
    const lines = each.map(({ line }) => line);
    if (!this.#total?.isRunning) return lines.slice(0, rows);
    return [...lines.slice(0, rows - 1), this.#totalLine];
  }
}
