import type { FileOffer } from '../../protocol/file-offer.js';
import type { Clock } from '../../session/clock.js';
import type { Report } from '../events.js';
import type { WantedTransport } from '../lane/names.js';
import type { RateLimit } from '../rate-limit.js';
import type { Source } from '../sources/source.js';

export interface JobOptions {
  /** Milliseconds that the recipient may take to accept, or to have a place. */
  acceptTimeout: number;
  /** Milliseconds without progress in which another attempt is made, once a transfer has begun. */
  retryFor: number;
  /** The rate of all files together; absent: as fast as they go. */
  limit?: RateLimit | undefined;
  /** Default: in-band. */
  transport?: WantedTransport | undefined;
  /** Files are sent that are there already, too. */
  again: boolean;
  signal: AbortSignal;
  report: Report;
  /** By which attempts wait for each other, and offers are slow; default: that of the system. */
  clock?: Clock | undefined;
  /** Reads a source for its hashes, once for all who get it. */
  describe(source: Source, algorithms: readonly string[]): Promise<FileOffer>;
  /** How much of a source is read for that, of 1; nothing where it is not being read. */
  shareRead(source: Source): number | undefined;
  /** Told when the signal has stopped a file that can be gone on with. */
  onStopped(): void;
}
