import type { Event } from '../transfer/events.js';
import { display } from './display.js';

export type Pending = Extract<Event, { event: 'pending' }>;

/** What is waited for, and how far it is where that is known; escaped. */
export function pendingText({ text, share }: Pending): string {
  const done = share?.();
  return display(done === undefined ? text : `${text}: ${Math.floor(done * 100)} %`);
}
