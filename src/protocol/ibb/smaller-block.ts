import { RequestTimeout } from '../../session/requests.js';
import { StanzaError } from '../../session/stanza-error.js';
import { isRefusal } from '../conditions.js';
import { MIN_BLOCK_SIZE, SAFE_BLOCK_SIZE } from './sending/block-sizes.js';

interface Asked {
  /** The sid that was given, because the bytestream was announced elsewhere. */
  sid?: string;
  /** Default: where a sid and a size were given. */
  fixedBlockSize?: boolean;
  /** The size was chosen by us. */
  isAuto: boolean;
}

/** The block size to ask for after a peer has answered one with this error. Throws it where there is none. */
export function smallerBlock(size: number, error: Error, asked: Asked): number {
  const { sid, isAuto, fixedBlockSize = sid !== undefined && !isAuto } = asked;
  if (fixedBlockSize) throw error;
  if (isTooLarge(error) && size > MIN_BLOCK_SIZE) return halfOf(size);
  const isOurs = isAuto && size > SAFE_BLOCK_SIZE;
  if (isOurs && mayBeTooLarge(error, sid !== undefined)) return SAFE_BLOCK_SIZE;
  throw error;
}

/**
 * The type is `modify` by the XEP and `cancel` with slixmpp. With `wait` it is the peer that is busy, whatever the
 * size.
 */
const isTooLarge = (error: Error): boolean =>
  error instanceof StanzaError &&
  error.condition === 'resource-constraint' &&
  error.type !== 'wait';

/**
 * Whether an answer may be to the block size, which not each program knows. An announced bytestream was wanted: then
 * no answer is a "no".
 */
const mayBeTooLarge = (error: Error, isAnnounced: boolean): boolean =>
  error instanceof RequestTimeout ||
  (error instanceof StanzaError && (isAnnounced || !isRefusal(error)));

/** The next smaller power of two. */
const halfOf = (blockSize: number) => 2 ** (Math.ceil(Math.log2(blockSize)) - 1);
