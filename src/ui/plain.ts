import type { Report } from '../transfer/events.js';
import { display } from './display.js';
import { hintsOf, isWanted, resultOf, sentenceOf } from './lines.js';
import type { Reporter, ReportOptions } from './report.js';

/** The events beside the results, as calls. */
export function asides(report: Report): Pick<Reporter, 'warn' | 'note'> {
  return {
    warn: (text) => report({ event: 'warning', text }),
    note: (text) => report({ event: 'note', text }),
  };
}

/** Results alone on stdout, sentences on stderr. */
export function plainReporter(options: Omit<ReportOptions, 'mode' | 'now'>): Reporter {
  const { stdout, stderr } = options;
  const report: Report = (event) => {
    const result = resultOf(event);
    // In a pipe a result is for a script, which must get it exactly.
    if (result !== undefined) stdout.write(`${stdout.isTTY ? display(result) : result}\n`);
    const sentence = isWanted(event, options) ? sentenceOf(event) : undefined;
    if (sentence === undefined) return;
    for (const line of [sentence, ...hintsOf(event)]) stderr.write(`${display(line)}\n`);
  };
  return { report, ...asides(report), expect: async () => {}, close: () => {} };
}
