import type { FileOffer } from '../../protocol/file-offer.js';
import { TRANSFER_DEFAULTS } from '../../protocol/ibb/defaults.js';
import type { BytestreamSettings } from '../../protocol/ibb/settings.js';
import type { Report } from '../events.js';
import type { RateLimit } from '../rate-limit.js';
import type { Source } from './source.js';

/** How the bytes of a file travel. */
export type TransferSettings = BytestreamSettings;

/** How they travel unless told otherwise. */
export const DEFAULT_SETTINGS: Readonly<TransferSettings> = TRANSFER_DEFAULTS;

const NAMES = Object.keys(TRANSFER_DEFAULTS) as (keyof TransferSettings)[];

/** The settings alone, out of an object that has more. */
export const settingsOf = (flags: TransferSettings): TransferSettings =>
  Object.fromEntries(NAMES.map((name) => [name, flags[name]])) as unknown as TransferSettings;

export interface JobOptions {
  /** The block size is that of the line. */
  settings: Omit<TransferSettings, 'blockSize'>;
  /** Milliseconds that the recipient may take to accept, or to have a place. */
  acceptTimeout: number;
  /** Milliseconds without progress in which another attempt is made, once a transfer has begun. */
  retryFor: number;
  /** The rate of all files together; absent: as fast as they go. */
  limit?: RateLimit | undefined;
  signal: AbortSignal;
  report: Report;
  /** Reads a source for its hashes, once for all who get it. */
  describe(source: Source, algorithms: readonly string[]): Promise<FileOffer>;
  /** Told when the signal has stopped a file that can be gone on with. */
  onStopped(): void;
}
