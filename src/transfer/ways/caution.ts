// Settings that ask less of servers and programs, where what was asked for is or may be too much.
import { ChannelLost, type Outlet } from '../../protocol/channel.js';
import { SAFE_BLOCK_SIZE, SAFE_LAST_BLOCK } from '../../protocol/ibb/sending/block-sizes.js';
import { JingleEnded } from '../../protocol/jingle/session/jingle-ended.js';
import { RequestTimeout } from '../../session/requests.js';
import { StreamError } from '../../session/stream/stream-error.js';
import { isAway } from '../answers.js';
import type { RateLimit } from '../rate-limit.js';
import type { TransferSettings } from './settings.js';

/** No block takes longer than a second of the limit. */
export function within(limit: RateLimit | undefined, settings: TransferSettings): TransferSettings {
  if (!limit) return settings;
  const { largestBlock } = limit;
  const { blockSize } = settings;
  if (blockSize !== 'auto') return { ...settings, blockSize: Math.min(blockSize, largestBlock) };
  return { ...settings, largestAutoBlock: largestBlock };
}

/** Where the choice is ours, it is what each server takes. */
export function safe(settings: TransferSettings): TransferSettings {
  const { blockSize, largestAutoBlock = SAFE_BLOCK_SIZE } = settings;
  if (blockSize !== 'auto') return settings;
  return { ...settings, blockSize: Math.min(SAFE_BLOCK_SIZE, largestAutoBlock) };
}

/** Other settings for the next attempt. */
interface Caution {
  settings: TransferSettings;
  /** What is to be told of it. */
  text: string;
  /** What was too much was our choice, and not the user's. */
  wasOurs: boolean;
}

/** What an attempt went by. */
type Went = Pick<Outlet, 'unprovenBlock' | 'inBlocks'>;

/** An attempt that has failed. */
interface Failed {
  error: Error;
  /** Absent where there was no channel. */
  channel: Went | undefined;
  /** Bytes of the largest block that this recipient has ever acknowledged. */
  proven: number;
}

/**
 * What to change after an attempt that may have failed because of its settings, if anything: some servers cut the
 * connection, or fall silent (jabberd2), over a stanza that is larger than they say, and some programs over a block
 * size that they do not know.
 */
export function cautionAfter(failed: Failed, settings: TransferSettings): Caution | undefined {
  return smallerBlocks(failed, settings) ?? oneAtATime(failed, settings);
}

function smallerBlocks(failed: Failed, settings: TransferSettings): Caution | undefined {
  const { blockSize, largestAutoBlock = Number.POSITIVE_INFINITY } = settings;
  const wasOurs = blockSize === 'auto';
  const most = wasOurs ? largestAutoBlock : blockSize;
  const what = most <= SAFE_BLOCK_SIZE ? undefined : tooLarge(failed, wasOurs);
  if (!what) return undefined;
  const text = `${what} may be too large for a server; the next ones have ${SAFE_BLOCK_SIZE}`;
  return { settings: { ...settings, blockSize: SAFE_BLOCK_SIZE }, text, wasOurs };
}

function tooLarge({ error, channel, proven }: Failed, wasOurs: boolean): string | undefined {
  if (channel) {
    const { unprovenBlock: size } = channel;
    const isSuspect = size > Math.max(SAFE_LAST_BLOCK, proven) && !isOver(error);
    return isSuspect ? `nothing arrived in blocks of ${size} bytes, which` : undefined;
  }
  const isSilent = error instanceof ChannelLost && error.cause instanceof RequestTimeout;
  return isSilent && wasOurs ? `blocks of more than ${SAFE_BLOCK_SIZE} bytes` : undefined;
}

/** Ejabberd holds all that it reads at once to its limit of a stanza, so that several small ones may be too large. */
function oneAtATime({ error, channel }: Failed, settings: TransferSettings): Caution | undefined {
  if (!channel?.inBlocks || settings.window === 1 || !isAgainstPolicy(error)) return undefined;
  const text = 'blocks that follow each other may be too much for the server; the next ones wait';
  return { settings: { ...safe(settings), window: 1 }, text, wasOurs: settings.window === 'auto' };
}

/** The server ends, or the recipient has: neither has to do with what was sent. */
function isOver(error: unknown): boolean {
  if (error instanceof StreamError) return error.isItsOwn;
  if (error instanceof JingleEnded) return isAway(error.reason);
  return error instanceof Error && isOver(error.cause);
}

/** The server's word stands behind that of the session, which is lost with the stream. */
function isAgainstPolicy(error: unknown): boolean {
  if (error instanceof StreamError) return error.isAgainstPolicy;
  return error instanceof Error && isAgainstPolicy(error.cause);
}
