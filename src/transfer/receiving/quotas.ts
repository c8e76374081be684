import { BLOB_REQUESTS, NOTES, PROPOSALS, REFUSALS, TransferLimits } from './limits.js';
import { TokenBuckets } from './token-buckets.js';

/** What each account has used up, for as long as the program runs: nobody gets it back by making a session end. */
export class Quotas {
  readonly blobs = new TokenBuckets(BLOB_REQUESTS);
  readonly notes = new TokenBuckets(NOTES);
  readonly proposals = new TokenBuckets(PROPOSALS);
  readonly refusals = new TokenBuckets(REFUSALS);
  readonly transfers: TransferLimits;

  /** `maxTransfers`: at a time; where nobody may send files, 0. */
  constructor(maxTransfers: number) {
    this.transfers = new TransferLimits(maxTransfers);
  }
}
