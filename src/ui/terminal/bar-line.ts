import { formatBytes, formatDuration, formatRate } from '../../units.js';
import { display } from '../display.js';
import type { Meter } from '../meter.js';
import { cut, widthOf } from './width.js';

const WIDEST_BAR = 20;
const NARROWEST_BAR = 5;
const GAP = '  ';
/** What stands still for longer is explained. */
const STILL_MS = 10_000;

/**
 * One line about a transfer. Where the terminal is narrow, the bar goes first, then the rate, the time and the name.
 * `peer`: who is waited for where it stands still.
 */
export function barLine(meter: Meter, columns: number, peer?: string): string {
  const isSized = meter.size !== undefined;
  const share = isSized ? shareOf(meter) : 0;
  const done = isSized ? `${Math.floor(share * 100)}%`.padStart(4) : formatBytes(meter.bytes);
  const rate = formatRate(meter.rate()).padStart(10);
  const wait = peer && meter.still() >= STILL_MS ? `waiting for ${display(peer)}` : undefined;
  const time = (wait ?? timeLeft(meter)).padStart(12);
  const name = display(meter.name);
  const full = [`${done}${isSized ? bar(share, WIDEST_BAR) : ''}`, rate, time, name].join(GAP);
  const tooWide = widthOf(full) - columns;
  if (tooWide <= 0) return full;
  const narrowed = WIDEST_BAR - tooWide;
  if (isSized && narrowed >= NARROWEST_BAR)
    return [`${done}${bar(share, narrowed)}`, rate, time, name].join(GAP);
  const shrunk = [
    [done, rate, time, name],
    [done, time, name],
    ...(wait === undefined ? [] : [[done, wait]]),
    [done, name],
  ].map((parts) => parts.join(GAP));
  return shrunk.find((line) => widthOf(line) <= columns) ?? named(done, name, columns);
}

function timeLeft(meter: Meter): string {
  const remaining = meter.remaining();
  return remaining === undefined ? '' : formatDuration(remaining);
}

/** What is done must be seen; of the name as much as fits. */
function named(done: string, name: string, columns: number): string {
  const rest = columns - done.length - GAP.length;
  return cut(rest > 0 ? `${done}${GAP}${cut(name, rest)}` : done, columns);
}

/** A peer may send more than it said. */
const shareOf = ({ bytes, size = 0 }: Meter): number =>
  size === 0 ? 1 : Math.min(bytes / size, 1);

function bar(share: number, width: number): string {
  const full = Math.floor(share * width);
  return ` [${'='.repeat(full)}${'-'.repeat(width - full)}]`;
}
