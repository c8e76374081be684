import type { MultiBar, Options } from 'cli-progress';
import type { Event } from '../transfer/events.js';
import type { Outline } from '../transfer/sources/source.js';
import { formatBytes, formatDuration, formatRate } from '../units.js';
import { display } from './display.js';
import { Meter } from './meter.js';
import type { Output } from './report.js';
import { Total } from './total.js';

const BAR_WIDTH = 20;
const DEFAULT_ROWS = 24;
/** Files that are sooner over than this have no bar among several: many small ones would make the terminal flicker. */
const CALM_MS = 1_000;

const ENDS: ReadonlySet<Event['event']> = new Set(['done', 'uploaded', 'folder', 'failed']);

/** A progress bar for each transfer that runs, at the foot of the terminal. */
export class Bars {
  /** The meters of the transfers by their ids, and since when each runs. */
  readonly #meters = new Map<number, { meter: Meter; since: number }>();
  #total: Total | undefined;
  #shown: { bars: MultiBar; meters: Meter[] } | undefined;

  constructor(
    private readonly Library: typeof MultiBar,
    private readonly output: Output,
    private readonly now: () => number,
  ) {}

  get running(): boolean {
    return this.#due().length > 0;
  }

  /** Several transfers that are to come get a bar for all of them, below the others. */
  expect(files: readonly Outline[], recipients: number): void {
    const isOfSeveral = files.length * recipients > 1;
    this.#total = isOfSeveral ? new Total(files, recipients, this.now) : undefined;
  }

  /** Keeps count of the transfer that the event is about; what is shown changes at the next redraw. */
  track(event: Event): void {
    this.#total?.track(event);
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

  /** Whether bars that are shown are not those that should be. */
  get areStale(): boolean {
    const due = this.#due();
    const shown = this.#shown?.meters;
    return shown !== undefined && due.some((meter, index) => meter !== shown[index]);
  }

  /** Draws the bars below whatever was printed. Until `hide`, nothing else may be printed. */
  show(): void {
    const meters = this.#due();
    if (meters.length === 0) return;
    const bars = new this.Library({ ...options, stream: this.output });
    for (const meter of meters) bars.create(1, 0, meter);
    bars.update();
    this.#shown = { bars, meters };
  }

  /** Wipes the bars out and gives the terminal its cursor and its line wrapping back. */
  hide(): void {
    this.#shown?.bars.stop();
    this.#shown = undefined;
  }

  /** What should be shown now. */
  #due(): Meter[] {
    const total = this.#total;
    const calm = total ? this.now() - CALM_MS : Number.POSITIVE_INFINITY;
    const each = [...this.#meters.values()].filter(({ since }) => since <= calm);
    const meters = each.map(({ meter }) => meter);
    // Bars that do not fit could not be wiped out again: the cursor stops at the top row.
    const fitting = (this.output.rows || DEFAULT_ROWS) - 1;
    if (!total?.isRunning) return meters.slice(0, fitting);
    return [...meters.slice(0, fitting - 1), total.meter];
  }
}

// The library draws, clears and redraws lines; what is in them is read from the meter at each redraw.
const options: Options = {
  format: (_options, _params, meter: Meter) => barLine(meter),
  clearOnComplete: true,
  hideCursor: true,
  fps: 4, // more often, and the numbers cannot be read
  gracefulExit: false, // signals are the program's to handle
};

/** The name comes last: the terminal cuts a line that is too long, and the numbers matter more. */
export function barLine(meter: Meter): string {
  const remaining = meter.remaining();
  return [
    meter.size === undefined ? formatBytes(meter.bytes) : bar(meter.bytes, meter.size),
    formatRate(meter.rate()).padStart(10),
    (remaining === undefined ? '' : formatDuration(remaining)).padStart(12),
    display(meter.name),
  ].join('  ');
}

function bar(bytes: number, size: number): string {
  const share = size === 0 ? 1 : Math.min(bytes / size, 1); // a peer may send more than it said
  const full = Math.floor(share * BAR_WIDTH);
  const percent = `${Math.floor(share * 100)}%`;
  return `${percent.padStart(4)} [${'='.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}]`;
}
