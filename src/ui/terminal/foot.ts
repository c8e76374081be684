import type { Output } from '../report.js';
import { widthOf } from './width.js';

/** More often, and the numbers cannot be read. */
const REDRAWN_MS = 250;

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** What is wider than was reckoned is cut off, and makes no second row. */
const NO_WRAPPING = '\x1b[?7l';
const WRAPPING = '\x1b[?7h';
const CLEAR_BELOW = '\x1b[J';
const up = (rows: number): string => (rows > 0 ? `\x1b[${rows}A` : '');

/** Lines at the foot of a terminal that change, below those that stay. */
export class Foot {
  readonly #output: Output;
  readonly #lines: () => readonly string[];
  #drawn: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #redraw = () => this.draw();

  /** `lines`: what is to be seen now, none wider than the terminal. */
  constructor(output: Output, lines: () => readonly string[]) {
    this.#output = output;
    this.#lines = lines;
  }

  /** Draws, and again from time to time as long as there is something to be seen. Until `erase`, nothing else may be printed. */
  draw(): void {
    const lines = this.#lines();
    if (lines.length === 0) return this.erase();
    const start = this.#timer ? '' : `${HIDE_CURSOR}${NO_WRAPPING}`;
    this.#output.write(`${start}${this.#wiped()}${lines.join('\n')}`);
    this.#drawn = lines;
    if (this.#timer) return;
    this.#timer = setInterval(this.#redraw, REDRAWN_MS);
    this.#timer.unref();
    this.#output.on('resize', this.#redraw);
  }

  /** Wipes it out, and gives the terminal its cursor and its line wrapping back. */
  erase(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#output.off('resize', this.#redraw);
    this.#output.write(`${this.#wiped()}${SHOW_CURSOR}${WRAPPING}`);
    this.#drawn = [];
  }

  /** A terminal that got narrower has broken each line into as many rows as it takes. */
  #wiped(): string {
    const columns = this.#output.columns || Number.POSITIVE_INFINITY;
    const rows = this.#drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)),
      0,
    );
    return `\r${up(rows - 1)}${CLEAR_BELOW}`;
  }
}
