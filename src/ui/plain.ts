import { display } from './display.js';
import { resultOf, sentenceOf } from './lines.js';
import type { Reporter, ReportOptions } from './report.js';

/** What is said on stderr beside events. */
export function asides({
  quiet,
  verbose,
  stderr,
}: Pick<ReportOptions, 'quiet' | 'verbose' | 'stderr'>): Pick<
  Reporter,
  'warn' | 'note' | 'connecting'
> {
  const note = (text: string): void => {
    if (verbose) stderr.write(`${display(text)}\n`);
  };
  return {
    note,
    warn: (text) => {
      if (!quiet) stderr.write(`${display(`inband: ${text}`)}\n`);
    },
    connecting: (text, work) => {
      note(text);
      return work();
    },
  };
}

/** Results alone on stdout, sentences on stderr. */
export function plainReporter(options: Omit<ReportOptions, 'mode' | 'now'>): Reporter {
  const { quiet, stdout, stderr } = options;
  return {
    ...asides(options),
    report: (event) => {
      const result = resultOf(event);
      // In a pipe a result is for a script, which must get it exactly.
      if (result !== undefined) stdout.write(`${stdout.isTTY ? display(result) : result}\n`);
      const sentence = sentenceOf(event);
      if (sentence === undefined || (quiet && event.event !== 'failed')) return;
      stderr.write(`${display(sentence)}\n`);
    },
    expect: () => {},
    close: () => {},
  };
}
