import type { Report } from '../transfer/events.js';
import { Bars } from './bars.js';
import { isWanted } from './lines.js';
import { asides, plainReporter } from './plain.js';
import type { Reporter, ReportOptions } from './report.js';
import { Spinner } from './spinner.js';

/**
 * The plain lines, with a spinner while connecting and a bar for each transfer, both on stderr. The two
 * are wiped out before a line is printed, so that nothing is torn when stdout is the same terminal.
 * Without colours, so that `NO_COLOR` has nothing to turn off.
 */
export async function terminalReporter(options: Omit<ReportOptions, 'mode'>): Promise<Reporter> {
  const { MultiBar } = await import('cli-progress');
  const plain = plainReporter(options);
  const bars = new Bars(MultiBar, options.stderr, options.now);
  const spinner = new Spinner(options.stderr);
  let closed = false;
  const aside = (print: () => void): void => {
    spinner.stop();
    bars.hide();
    print();
    if (!closed) bars.show();
  };
  // While bars are there, the line of a lost connection says enough.
  const mayTurn = () => !closed && !bars.running;
  const report: Report = (event) => {
    bars.track(event);
    if (event.event === 'pending') void spinner.during(event.text, event.until, mayTurn);
    else if (event.event !== 'progress' && isWanted(event, options))
      aside(() => plain.report(event));
    else if (bars.areStale) aside(() => undefined);
  };
  return {
    report,
    ...asides(report),
    expect: async (files, recipients) => bars.expect(await files(), recipients),
    close: () => {
      closed = true;
      spinner.stop();
      bars.hide();
    },
  };
}
