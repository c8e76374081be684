import { formatKey } from '../../protocol/seal/public-key.js';
import { bareJid } from '../../session/jid.js';
import type { IncomingOffer } from '../ways/incoming.js';
import { offeredPath, ownerOf } from './identity.js';
import type { Remembered } from './inbox.js';
import type { FileRecord, WantedRecord } from './ledger.js';

/** A file that an earlier transfer has brought. */
interface FileThere {
  /** Absolute; absent where it was moved away after what was to be done for it. */
  path?: string;
  /** Bytes. */
  size: number;
  /** Lower-case hex. */
  sha256: string;
}

interface Found {
  there: FileThere;
  /** Where it lies unchanged. */
  record?: FileRecord;
}

/**
 * The file, or folder, that is offered, if the same account has sent it before and it lies there unchanged, or what was to be done
 * for it was done, after which it may be anywhere. Nothing where the sender does not know what to make of that, or wants
 * to send it all the same.
 */
async function findThere(file: IncomingOffer, inbox: Remembered): Promise<Found | undefined> {
  const wanted = wantedFor(file);
  if (!wanted) return undefined;
  const { size, sha256 } = wanted;
  if (file.offer.isFolder) {
    const path = await inbox.findFolder(ownerOf(file), wanted.offered);
    return path === undefined ? undefined : { there: { path, size, sha256 } };
  }
  let wasDone = false;
  for (const record of inbox.ledger.find(wanted)) {
    const found = await inbox.look(record);
    if (found?.isUnchanged) return { there: { path: found.path, size, sha256 }, record };
    wasDone ||= record.work?.state === 'done';
  }
  return wasDone ? { there: { size, sha256 } } : undefined;
}

function wantedFor({ peer, peerKey, offer, ranged }: IncomingOffer): WantedRecord | undefined {
  const { size, hashes, alreadyThere } = offer;
  const sha256 = hashes?.get('sha-256')?.toString('hex');
  if (alreadyThere?.again !== false || !ranged) return undefined;
  if (size === undefined || sha256 === undefined) return undefined;
  const sealedBy = peerKey && formatKey(peerKey);
  return { account: bareJid(peer), offered: offeredPath(offer), size, sha256, sealedBy };
}

interface ConfirmOptions {
  /** As for `receiveFile`. */
  onProven: () => Promise<void>;
  /** As for `receiveFile`. */
  isOurs: boolean;
}

/**
 * Tells the sender that the file is there, if it is; see `findThere`. What is sent all the same is refused, and changes
 * nothing: the file is there. Rejects when the sender breaks it off, and when the disk fails.
 */
export async function confirmThere(
  file: IncomingOffer,
  inbox: Remembered,
  { onProven, isOurs }: ConfirmOptions,
): Promise<FileThere | undefined> {
  try {
    const { there, record } = (await findThere(file, inbox)) ?? {};
    if (!there) return undefined;
    const channel = await file.accept(there.size, 'there');
    await onProven();
    // Not one byte may come.
    for await (const bytes of channel.iterator({ destroyOnReturn: false })) void bytes;
    // As if it had arrived anew.
    if (record && isOurs) await inbox.setExecutable(record, file.offer.isExecutable === true);
    await file.confirm(Buffer.from(there.sha256, 'hex'));
    return there;
  } catch (error) {
    file.fail(error as Error);
    throw error;
  }
}
