import type { Writable } from 'node:stream';
import type { Report } from '../transfer/events.js';
import type { Outline } from '../transfer/sources/source.js';

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
  /** Announces the files that are to go to so many recipients; they are asked for where it matters. */
  expect(files: () => Promise<readonly Outline[]>, recipients: number): Promise<void>;
  /** A line for those who did not ask for `--quiet`. */
  warn(text: string): void;
  /** A line for those who asked for `--verbose`. */
  note(text: string): void;
  /**
   * Says what came of several files, where no line has said it yet, and leaves the terminal as it was, at once; may be
   * called twice. Later events still print their lines.
   */
  close(): void;
}
