import { jsonReporter } from './json.js';
import { plainReporter } from './plain.js';
import type { Mode, Reporter, ReportOptions } from './report.js';

/** How to speak. A `dumb` terminal cannot move its cursor, so it gets lines. */
export function chooseMode(asked: { json: boolean; stderrIsTTY: boolean; term?: string }): Mode {
  if (asked.json) return 'json';
  return asked.stderrIsTTY && asked.term !== 'dumb' ? 'terminal' : 'plain';
}

export async function createReport(options: ReportOptions): Promise<Reporter> {
  if (options.mode === 'json') return jsonReporter(options);
  // A terminal that was given no size says 0 columns: nobody knows what would fit.
  const canDraw = options.mode === 'terminal' && options.stderr.columns !== 0;
  if (!canDraw || options.quiet) return plainReporter(options);
  const { terminalReporter } = await import('./terminal/terminal.js');
  return terminalReporter(options);
}
