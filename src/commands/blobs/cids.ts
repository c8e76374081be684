import { isMisspelt } from '../../transfer/blobs/blob-hashes.js';
import { UsageError } from '../context.js';

/** Throws `UsageError` for what is no cid. */
export function requireCids(texts: readonly string[]): void {
  const wrong = texts.find((text) => !/^[!-~]+@[!-~]+$/.test(text) || isMisspelt(text));
  if (wrong === undefined) return;
  throw new UsageError(
    `"${wrong}" is not a cid`,
    'one looks like sha-256+…@bob.xmpp.org, with all 64 digits of the hash',
  );
}
