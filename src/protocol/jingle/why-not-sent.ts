import { SealBroken } from '../seal/seal-broken.js';
import type { Reason } from './stanzas.js';
import { FileUnconfirmed } from './verdict.js';

/** The peer was offered the file and has said neither yes nor no in time. */
export class OfferUnanswered extends Error {
  override readonly name = 'OfferUnanswered';
}

/** What the recipient of a file hears of what has ended its transfer. */
export function reasonOf(error: Error): Reason {
  const isSilence = error instanceof OfferUnanswered || error instanceof FileUnconfirmed;
  if (isSilence) return { condition: 'timeout' };
  if (error instanceof SealBroken) return { condition: 'security-error' };
  return { condition: 'failed-transport', text: error.message };
}
