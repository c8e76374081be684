import {
  BLOB_REQUESTS,
  NOTES,
  PROPOSALS,
  REFUSAL_CHARACTERS,
  REFUSALS,
  TransferLimits,
} from './limits.js';
import { Strangers } from './strangers.js';
import { TokenBuckets } from './token-buckets.js';

/** What each account has used up, for as long as the program runs: nobody gets it back by making a session end. */
export class Quotas {
  readonly blobs = new TokenBuckets(BLOB_REQUESTS);
  readonly notes = new TokenBuckets(NOTES);
  readonly strangers = new Strangers();
  readonly proposals = new TokenBuckets(PROPOSALS);
  readonly #refusals = new TokenBuckets(REFUSALS);
  readonly transfers: TransferLimits;

  /** `maxTransfers`: at a time; where nobody may send files, 0. */
  constructor(maxTransfers: number) {
    this.transfers = new TransferLimits(maxTransfers);
  }

  /** Whether this one may be told once more that nothing is here; `characters` of its own go back with it. */
  mayRefuse(from: string, characters: number): boolean {
    return this.#refusals.take(from, 1 + Math.floor(characters / REFUSAL_CHARACTERS));
  }
}
