import type { FileOffer } from '../../protocol/file-offer.js';
import { bareJid } from '../../session/jid.js';
import type { IncomingOffer } from '../ways/incoming.js';

/**
 * What two offers have in common that bring the same bytes from the same person, whichever the resource, whatever they
 * are called: a hash, as two files can have one name, size and date. `undefined` where no hash is known before the
 * bytes, or the sender cannot go on in the middle. An MD5 is good enough: whoever makes two files with one MD5 can mix
 * only their own.
 */
export function identityOf({ peer, peerKey, offer, ranged }: IncomingOffer): string | undefined {
  const { size, hashes, path = [] } = offer;
  if (!ranged || size === undefined || !hashes?.size) return undefined;
  const digests = [...hashes].map(([name, digest]) => [name, digest.toString('hex')]).sort();
  // What a key has brought is gone on with by that key alone: a server can make offers in the clear, and with a key of
  // its own, and would learn what is there, or mix its bytes in.
  const sealed = peerKey ? [{ by: Buffer.from(peerKey).toString('hex') }] : [];
  return JSON.stringify([bareJid(peer), size, digests, ...path, ...sealed]);
}

/** What the sender calls a file, as the ledger has it. */
export const offeredPath = ({ name, path }: FileOffer): readonly string[] => path ?? [name];
