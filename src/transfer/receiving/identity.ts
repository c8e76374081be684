import type { FileOffer } from '../../protocol/file-offer.js';
import { nodeNameOf } from '../../protocol/hashes/hash-functions.js';
import { formatKey } from '../../protocol/seal/public-key.js';
import { sidKey } from '../../protocol/sid.js';
import { bareJid } from '../../session/jid.js';
import type { IncomingOffer } from '../ways/incoming.js';
import type { WantedPartial } from './inbox.js';
import type { FileOwner } from './ledger.js';

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

/** Whose file it is in the inbox. */
export const ownerOf = ({ peer, peerKey }: IncomingOffer): FileOwner => ({
  account: bareJid(peer),
  ...(peerKey ? { sealedBy: formatKey(peerKey) } : {}),
});

/** The partial that an offer is received into. */
export function wantedFor(file: IncomingOffer): WantedPartial {
  const { hashFunctions } = file;
  const { name, size, isFolder, path = [] } = file.offer;
  const identity = identityOf(file);
  return {
    name,
    folders: { owner: ownerOf(file), offered: isFolder ? path : path.slice(0, -1) },
    account: bareJid(file.peer),
    channel: sidKey(file.peer, file.sid),
    algorithms: hashFunctions.map((one) => nodeNameOf(one) as string),
    // Nothing may come with a folder.
    ...(isFolder ? { size: 0 } : size === undefined ? {} : { size }),
    ...(identity === undefined ? {} : { identity }),
  };
}
