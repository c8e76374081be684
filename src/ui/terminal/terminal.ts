import type { Report } from '../../transfer/events.js';
import { isAside, isWanted } from '../lines.js';
import { asides, plainLines } from '../plain.js';
import type { Reporter, ReportOptions } from '../report.js';
import { Several } from '../several.js';
import { Bars } from './bars.js';
import { Foot } from './foot.js';
import { Waits } from './waits.js';
import { cut } from './width.js';

/**
 * The plain lines, and below them what is waited for, or a bar for each transfer, both on stderr. The latter are wiped
 * out before a line is printed, so that nothing is torn when stdout is the same terminal. Without colours, so that
 * `NO_COLOR` has nothing to turn off.
 */
export function terminalReporter(options: Omit<ReportOptions, 'mode'>): Reporter {
  const { stderr, now } = options;
  const several = new Several(now);
  const print = plainLines(options, several);
  const bars = new Bars(stderr, now);
  let closed = false;
  const foot = new Foot(stderr, () => {
    const shown = bars.lines();
    // While bars are there, the line of a lost connection says enough.
    const wait = shown.length > 0 ? undefined : waits.line();
    return wait === undefined ? shown : [cut(wait, (stderr.columns ?? 80) - 1)];
  });
  const redraw = (): void => {
    if (!closed) foot.draw();
  };
  const waits = new Waits(redraw);
  const report: Report = (event) => {
    bars.track(event);
    several.track(event);
    if (event.event === 'pending') waits.add(event);
    const isPrinted = event.event === 'pending' ? options.verbose : isWanted(event, options);
    if (event.event === 'progress') return;
    if (isPrinted || !isAside(event)) foot.erase();
    print(event);
    redraw();
  };
  return {
    report,
    ...asides(report),
    expect: async (files, recipients) => bars.expect(several.expect(await files(), recipients)),
    close: () => {
      closed = true;
      foot.erase();
    },
  };
}
