import { UsageError } from '../context.js';

/** Throws `UsageError` for what is no cid. */
export function requireCids(texts: readonly string[]): void {
  const wrong = texts.find((text) => !/^[^@\s]+@[^@\s]+$/.test(text));
  if (wrong === undefined) return;
  throw new UsageError(`"${wrong}" is not a cid`, 'one looks like sha-256+…@bob.xmpp.org');
}
