import type { Report } from '../../transfer/events.js';
import { isAside, isWanted } from '../lines.js';
import { asides, plainLines, tellEnd } from '../plain.js';
import type { Reporter, ReportOptions } from '../report.js';
import { Several } from '../several.js';
import { Bars } from './bars.js';
import { Foot, type LoadSpinner } from './foot.js';
import { Waits } from './waits.js';

const DEFAULT_ROWS = 24;

/**
 * The plain lines, and below them a bar for each transfer and what is waited for, both on stderr. The latter are wiped
 * out before a line is printed, so that nothing is torn when stdout is the same terminal. Without colours, so that
 * `NO_COLOR` has nothing to turn off.
 */
export function terminalReporter(
  options: Omit<ReportOptions, 'mode'> & { loadSpinner?: LoadSpinner | undefined },
): Reporter {
  const { stderr, now } = options;
  const several = new Several(now);
  const print = plainLines(options, several);
  const bars = new Bars(now);
  const waits = new Waits(now, () => foot.draw());
  let closed = false;
  const due = () => {
    if (closed) return { bars: [], wait: undefined };
    const wait = waits.due();
    // What does not fit could not be wiped out again: the cursor stops at the top row.
    return { bars: bars.due((stderr.rows || DEFAULT_ROWS) - (wait ? 2 : 1)), wait };
  };
  const foot = new Foot(stderr, due, options.loadSpinner);
  const report: Report = (event) => {
    bars.track(event);
    several.track(event);
    if (event.event === 'pending') waits.add(event);
    const isPrinted = event.event === 'pending' ? options.verbose : isWanted(event, options);
    if (event.event !== 'progress' && (isPrinted || !isAside(event))) {
      foot.erase();
      print(event);
    }
    foot.draw();
  };
  return {
    report,
    ...asides(report),
    expect: async (files, recipients) =>
      bars.expect(several.expect(await files(), recipients), recipients),
    close: () => {
      closed = true;
      foot.erase();
      tellEnd(several, options);
    },
  };
}
