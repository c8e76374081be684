import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import { MultiBar } from 'cli-progress';
import type { Output } from '../report.js';
import { widthOf } from './width.js';

/** What stands in a line at the moment, where it may have so many columns. */
export type Line = (columns: number) => string;

export type LoadSpinner = () => Promise<Pick<typeof import('ora'), 'default'>>;

/** The last column stays free: some terminals wrap as soon as it is written to. */
const SPARE = 1;

/** Lines at the foot of a terminal that change, below those that stay. */
export class Foot {
  #lines: readonly Line[] = [];
  /** How they were drawn last. */
  readonly #drawn = new Map<Line, string>();
  #drawing: { stop(): unknown } | undefined;

  /** `due`: bars, and below them what is waited for; without any, something turns beside it. */
  constructor(
    private readonly output: Output,
    private readonly due: () => { bars: readonly Line[]; wait: Line | undefined },
    private readonly loadSpinner: LoadSpinner = () => import('ora'),
  ) {}

  /** Draws what is due. Until `erase`, nothing else may be printed. */
  draw(): void {
    const { bars, wait } = this.due();
    const lines = wait ? [...bars, wait] : bars;
    if (isDeepStrictEqual(lines, this.#lines)) return;
    this.erase();
    this.#lines = lines;
    if (bars.length > 0) this.#drawing = this.#bars();
    else if (wait) void this.#turn(wait);
    this.output.on('resize', this.#unbreak);
  }

  /** Wipes it out, and gives the terminal its cursor and its line wrapping back. */
  erase(): void {
    this.output.off('resize', this.#unbreak);
    this.#drawing?.stop();
    this.#drawing = undefined;
    this.#lines = [];
    this.#drawn.clear();
  }

  #bars(): MultiBar {
    const bars = new MultiBar({
      ...{ stream: this.output, hideCursor: true, clearOnComplete: true },
      gracefulExit: false, // signals are the program's
      fps: 4, // more often, and the numbers cannot be read
      format: (_options, _params, { line }) => this.#text(line),
    });
    for (const line of this.#lines) bars.create(1, 0, { line });
    bars.update();
    return bars;
  }

  /**
   * The library takes 30 ms to load, which only what is waited for needs to pay. Where it cannot be loaded, as of a program
   * that was replaced since its start, the line stands there and nothing turns.
   */
  async #turn(wait: Line): Promise<void> {
    const spinner = await this.loadSpinner().catch(() => undefined);
    if (this.#drawing || !this.#lines.includes(wait)) return;
    if (!spinner) {
      this.#drawing = this.#bars();
      return;
    }
    this.#drawing = spinner
      .default({
        ...{ stream: this.output, isEnabled: true, color: false },
        discardStdin: false, // that may be the file to send
        suffixText: () => this.#text(wait, '*  ', SPARE + 2), // Ctrl-C shows as ^C, and must not wrap
      })
      .start();
  }

  #text(line: Line, before = '', spare = SPARE): string {
    const text = line((this.output.columns ?? 80) - spare - before.length);
    this.#drawn.set(line, before + text);
    return text;
  }

  /** Wipes out the rows that lines were broken into when the terminal got narrower: the libraries know of one each. */
  readonly #unbreak = (): void => {
    const columns = this.output.columns ?? 80;
    const rows = [...this.#drawn.values()].map((text) => Math.ceil(widthOf(text) / columns) || 1);
    if (rows.length === 0) return;
    moveCursor(this.output, 0, 1 - rows.reduce((sum, count) => sum + count));
    cursorTo(this.output, 0);
    clearScreenDown(this.output);
    this.output.write('\n'.repeat(rows.length - 1));
    this.erase();
    this.draw();
  };
}
