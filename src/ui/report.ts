import type { Writable } from 'node:stream';
import type { Report } from '../transfer/events.js';
import { jsonReporter } from './json.js';
import { plainReporter } from './plain.js';

/** `plain`: lines for a pipe or a log. `terminal`: the same, with a spinner and progress bars. */
export type Mode = 'terminal' | 'plain' | 'json';

/** Where lines go; `process.stdout` and `process.stderr` are such. */
export type Output = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export interface ReportOptions {
  mode: Mode;
  /** Results and failures only. */
  quiet: boolean;
  /** Notes too. */
  verbose: boolean;
  stdout: Output;
  stderr: Output;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
}

/** What a command speaks to its user through. Whatever it is given may come from a peer: it escapes. */
export interface Reporter {
  readonly report: Report;
  /** Announces transfers that are to come, one after the other, by their sizes in bytes where these are known. */
  expect(sizes: (number | undefined)[]): void;
  /** A line for those who did not ask for `--quiet`. */
  warn(text: string): void;
  /** A line for those who asked for `--verbose`. */
  note(text: string): void;
  /** Does the work while telling the user that it is being waited for; passes on its outcome. */
  connecting<T>(text: string, work: () => Promise<T>): Promise<T>;
  /** Leaves the terminal as it was, at once; may be called twice. Later events still print their lines. */
  close(): void;
}

/** How to speak. A `dumb` terminal cannot move its cursor, so it gets lines. */
export function chooseMode(asked: { json: boolean; stderrIsTTY: boolean; term?: string }): Mode {
  if (asked.json) return 'json';
  return asked.stderrIsTTY && asked.term !== 'dumb' ? 'terminal' : 'plain';
}

export async function createReport(options: ReportOptions): Promise<Reporter> {
  if (options.mode === 'json') return jsonReporter(options);
  // A terminal that was given no size says 0 columns, and ora would then clear lines for ever.
  const canDraw = options.mode === 'terminal' && options.stderr.columns !== 0;
  if (!canDraw || options.quiet) return plainReporter(options);
  const { terminalReporter } = await import('./terminal.js');
  return terminalReporter(options);
}
