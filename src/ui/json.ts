import type { Event, Report } from '../transfer/events.js';
import { display, UNSAFE } from './display.js';
import { hintsOf, isAside, isWanted, sentenceOf } from './lines.js';
import { asides } from './plain.js';
import type { Reporter, ReportOptions } from './report.js';

const PROGRESS_INTERVAL_MS = 1_000; // the command line promises "at most one a second"

/** Writes one object a line to stdout; to stderr failures as well, warnings, and notes if asked for. */
export function jsonReporter(options: Omit<ReportOptions, 'mode'>): Reporter {
  const { stdout, stderr, now } = options;
  const due = progressThrottle(now);
  const report: Report = (event) => {
    const isResult = !isAside(event);
    if (isResult && due(event)) stdout.write(`${toJson(event)}\n`);
    const isTold = event.event === 'failed' || (!isResult && isWanted(event, options));
    if (!isTold) return;
    for (const line of [sentenceOf(event) ?? '', ...hintsOf(event)]) {
      stderr.write(`${display(line)}\n`);
    }
  };
  return { report, ...asides(report), expect: async () => {}, close: () => {} };
}

/** Says of each event in turn whether it is to be shown. */
function progressThrottle(now: () => number): (event: Event) => boolean {
  const shownAt = new Map<number, number>();
  return (event) => {
    const isOver = ['done', 'uploaded', 'left', 'folder'].includes(event.event);
    if (isOver && 'id' in event && event.id !== undefined) shownAt.delete(event.id);
    if (event.event === 'failed' && event.id !== undefined) shownAt.delete(event.id);
    if (event.event !== 'progress') return true;
    const { id } = event;
    if (now() - (shownAt.get(id) ?? Number.NEGATIVE_INFINITY) < PROGRESS_INTERVAL_MS) return false;
    shownAt.set(id, now());
    return true;
  };
}

/** `event` comes first. A reader may print the line on a terminal, so that unsafe characters are escaped here too. */
function toJson(event: Event): string {
  const { event: first, ...fields } = event;
  return JSON.stringify({ event: first, ...fields, incoming: undefined }).replace(
    UNSAFE,
    (character) =>
      character
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  );
}
