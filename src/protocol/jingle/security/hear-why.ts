// A sealed file that its recipient does not take. docs/seal.md, "Handshake".
import { createHash } from 'node:crypto';
import { type Channel, ChannelLost } from '../../channel.js';
import { JingleEnded } from '../session/jingle-ended.js';

/** What was offered, and is declined. */
interface Declined {
  readonly channel: Channel;
  sendHashes(hashes: ReadonlyMap<string, Buffer>): Promise<void>;
  confirmed(): Promise<unknown>;
}

/**
 * Sends the end of the bytes without any, which proves who offers the file: the recipient says before nobody else why it
 * does not take it. Rejects with what it says, as `JingleEnded`, or with `ChannelLost`. `hadHash`: in the offer.
 */
export async function hearWhy(file: Declined, hadHash: boolean): Promise<never> {
  const nothing = createHash('sha256').digest();
  if (!hadHash) await file.sendHashes(new Map([['sha-256', nothing]]));
  file.channel.end();
  const cause = await file.confirmed().catch((error: Error) => error);
  const isSaid = cause instanceof JingleEnded && cause.reason.condition !== UNSAID;
  if (isSaid) throw cause;
  throw new ChannelLost('the recipient took nothing of the file, and did not say why', { cause });
}

/** Why a session has ended is not believed that was not sealed. See `SealedOffer.believed`. */
const UNSAID = 'general-error';
