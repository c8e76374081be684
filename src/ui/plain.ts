import { display } from './display.js';
import { resultOf, sentenceOf } from './lines.js';
import type { Reporter, ReportOptions } from './report.js';

/** Results alone on stdout, sentences on stderr. */
export function plainReporter(options: Omit<ReportOptions, 'mode' | 'now'>): Reporter {
  const { quiet, verbose, stdout, stderr } = options;
  const note = (text: string): void => {
    if (verbose) stderr.write(`${display(text)}\n`);
  };
  const warn = (text: string): void => {
    if (!quiet) stderr.write(`${display(`inband: ${text}`)}\n`);
  };
  return {
    report: (event) => {
      const result = resultOf(event);
      // In a pipe a result is for a script, which must get it exactly.
      if (result !== undefined) stdout.write(`${stdout.isTTY ? display(result) : result}\n`);
      const sentence = sentenceOf(event);
      if (sentence === undefined || (quiet && event.event !== 'failed')) return;
      stderr.write(`${display(sentence)}\n`);
    },
    warn,
    note,
    connecting: (text, work) => {
      note(text);
      return work();
    },
    close: () => {},
  };
}
