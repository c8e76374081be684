import type { Event } from '../transfer/events.js';
import { formatBytes, formatDuration } from '../units.js';
import { display } from './display.js';

export type Pending = Extract<Event, { event: 'pending' }>;

/** Sooner nobody knows how fast it goes. */
const KNOWN_MS = 5_000;

/** What is waited for, and how far it is after so many milliseconds, where that is known; escaped. */
export function pendingText({ text, share, size }: Pending, elapsed: number): string {
  const done = share?.();
  if (done === undefined) return display(text);
  const whole = size === undefined ? '' : ` of ${formatBytes(size)}`;
  const rest = (elapsed / 1000) * (1 / done - 1);
  const left = elapsed >= KNOWN_MS && done > 0 ? `, ${formatDuration(rest)} left` : '';
  return display(`${text}: ${Math.floor(done * 100)} %${whole}${left}`);
}
