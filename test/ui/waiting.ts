import type { Report } from '../../src/transfer/events.js';

/** Does the work while it is reported as being waited for, as those who connect do; passes on its outcome. */
export function waiting<T>(report: Report, text: string, work: () => Promise<T> | T): Promise<T> {
  const until = Promise.resolve().then(work);
  report({ event: 'pending', text, until });
  return until;
}
