import { Bars } from './bars.js';
import { plainReporter } from './plain.js';
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
  return {
    report: (event) => {
      bars.track(event);
      if (event.event !== 'progress') aside(() => plain.report(event));
    },
    expect: (sizes) => bars.expect(sizes),
    warn: (text) => aside(() => plain.warn(text)),
    note: (text) => {
      if (options.verbose) aside(() => plain.note(text));
    },
    connecting: async (text, work) => {
      // While bars are there, the line of a lost connection says enough.
      await spinner.start(text, () => !closed && !bars.running);
      try {
        return await work();
      } finally {
        spinner.stop();
      }
    },
    close: () => {
      closed = true;
      spinner.stop();
      bars.hide();
    },
  };
}
