import type { Report } from '../transfer/events.js';
import { display } from './display.js';
import { hintsOf, isWanted, resultOf, sentenceOf } from './lines.js';
import { Minutes } from './minutes.js';
import { type Pending, pendingText } from './pending.js';
import type { Reporter, ReportOptions } from './report.js';
import { Several } from './several.js';

type PlainOptions = Omit<ReportOptions, 'mode'>;

/** What takes no longer goes without a line. */
const PATIENCE_MS = 1_000;

/** What takes longer, and whose share is known, has a line again from time to time. */
const AGAIN_MS = 10_000;

/** The events beside the results, as calls. */
export function asides(report: Report): Pick<Reporter, 'warn' | 'note'> {
  return {
    warn: (text) => report({ event: 'warning', text }),
    note: (text) => report({ event: 'note', text }),
  };
}

/** Results alone on stdout, sentences on stderr; of many files one sentence in the end. */
export function plainLines(options: PlainOptions, several: Several): Report {
  const { stdout, stderr, quiet, verbose } = options;
  const write = (lines: readonly string[]) => {
    for (const line of lines) stderr.write(`${display(line)}\n`);
  };
  return (event) => {
    const result = resultOf(event);
    // In a pipe a result is for a script, which must get it exactly.
    if (result !== undefined) stdout.write(`${stdout.isTTY ? display(result) : result}\n`);
    const isOneOfMany = event.event === 'done' || event.event === 'already-there';
    const isTold = isWanted(event, options) && (verbose || !(isOneOfMany && several.areMany));
    const sentence = isTold ? sentenceOf(event, verbose) : undefined;
    if (sentence !== undefined) write([sentence, ...hintsOf(event)]);
    const summary = several.summary();
    if (summary && !quiet) write([summary]);
  };
}

/** For a pipe or a log: a line a minute for what takes long. */
export function plainReporter(options: PlainOptions): Reporter {
  const { stderr, now, quiet, verbose } = options;
  const several = new Several(now);
  const minutes = new Minutes(now);
  const print = plainLines(options, several);
  const waited = new Set<string>();
  const report: Report = (event) => {
    several.track(event);
    print(event);
    if (quiet) return;
    const line = minutes.track(event);
    if (line !== undefined) stderr.write(`${display(line)}\n`);
    if (event.event !== 'pending' || verbose || waited.has(event.text)) return;
    // The same is waited for by several files at a time, and told once.
    waited.add(event.text);
    const over = () => void waited.delete(event.text);
    event.until.then(over, over);
    tellWhile(event, options);
  };
  return {
    report,
    ...asides(report),
    expect: async (files, recipients) => {
      if (!quiet) minutes.expect(several.expect(await files(), recipients));
    },
    close: () => tellEnd(several, options),
  };
}

/** The last line of a command that ends before all is done, or that has no end of its own. */
export function tellEnd(several: Several, { stderr, quiet }: PlainOptions): void {
  const line = several.endsHere();
  if (line !== undefined && !quiet) stderr.write(`${display(line)}\n`);
}

/** Says what is waited for, as long as it is. */
function tellWhile(event: Pending, { stderr, now }: PlainOptions): void {
  const since = now();
  const tellIn = (ms: number): NodeJS.Timeout => setTimeout(tell, ms).unref();
  const tell = () => {
    stderr.write(`${pendingText(event, now() - since)}\n`);
    if (event.share) timer = tellIn(AGAIN_MS);
  };
  let timer = tellIn(PATIENCE_MS);
  const over = () => clearTimeout(timer);
  event.until.then(over, over);
}
