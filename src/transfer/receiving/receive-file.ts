import { ChannelBroken, ChannelLost, ChannelOverrun, type Inlet } from '../../protocol/channel.js';
import { nodeNameOf } from '../../protocol/hashes/hash-functions.js';
import { OtherFile } from '../../protocol/network/fetch-errors.js';
import type { Trust } from '../keys/rules.js';
import { paceOf } from '../rate-limit.js';
import { StillUnderWay } from '../reception-errors.js';
import { FileMismatch } from '../recipient-errors.js';
import { type IncomingOffer, isExposed } from '../ways/incoming.js';
import { offeredPath, ownerOf, wantedFor } from './identity.js';
import type { Arrivals, NewRecord, PartialFile, WantedPartial } from './inbox.js';
import { whyNoPlace } from './no-place.js';

export interface ReceivedFile {
  /** The id of its record in the ledger. */
  recordId: string;
  /** Absolute. */
  path: string;
  /** Bytes. */
  size: number;
  /** Lower-case hex. */
  sha256: string;
  /** Somebody else carried it, or kept it, in the clear, and nobody told a hash of it. */
  unverified?: true;
}

export interface ReceiveOptions {
  /** Something is to be done for the file when it is there. */
  isDue?: boolean;
  /** It is of the own account: what it says to be a program may be run. */
  isOurs?: boolean;
  /** What is known of the sender's key, if it is sealed. */
  trust?: Trust | undefined;
  /** Waits until so many bytes more may come. */
  pace?: ((bytes: number) => Promise<void>) | undefined;
  /** Bytes that an earlier transfer of it leaves, which ends when `onProven` resolves; beside what is kept already. Absent: none does. */
  left?: number | undefined;
  /** Called when the sender has shown that it is who it says, if it is sealed; before anything is done for it. */
  onProven?: () => Promise<void>;
  /** Called when the sender is about to send, from this byte on; by which lane, if by one. */
  onStart: (offset: number, lane: string | undefined) => void;
  /** Called where what is kept of the file is read again, with how much of it has been, of 1. */
  onWait?: (until: Promise<unknown>, share: () => number) => void;
  /** Called when something has come that cannot be used yet. */
  onArrived?: () => void;
  /** Bytes that are there. */
  onProgress: (bytes: number) => void;
}

/**
 * Accepts a file and writes it to the inbox, from where an earlier transfer of it was cut. The sender hears that it
 * arrived when the name is there, and not before. Rejects when it breaks off (what came is kept for the next time, if
 * that can be known again), is not what was offered (`FileMismatch`, `ChannelOverrun`, `OtherFile`), or the disk fails.
 */
export async function receiveFile(
  file: IncomingOffer,
  inbox: Arrivals,
  options: ReceiveOptions,
): Promise<ReceivedFile> {
  let partial: PartialFile | undefined;
  const create: Create = async (hears = {}) => {
    partial = await createPartial(file, inbox, hears, options);
    return partial;
  };
  try {
    const accept = file.peerKey ? acceptSealed : acceptPlain;
    const { channel, part } = await accept(file, inbox, create, options);
    options.onStart(part.offset, channel.lane);
    const size = await write(channel, part, { ...options, atWork: file.atWork });
    checkSize(size, file.offer.size);
    const told = await file.hashes();
    compare(part, told);
    const sha256 = part.digest('sha256').toString('hex');
    const path = await place(part, file, inbox, options);
    // The file is there, whatever becomes of the answer.
    await file.confirm(Buffer.from(sha256, 'hex'));
    const isDoubtful = told.size === 0 && isExposed(file, channel.lane);
    return { recordId: part.id, path, size, sha256, ...(isDoubtful && { unverified: true }) };
  } catch (error) {
    // The first error is the one to tell of; what is left is under a name that nobody sees.
    const isUseless = [FileMismatch, ChannelOverrun, OtherFile].some((one) => error instanceof one);
    const end = isUseless ? partial?.discard() : partial?.keep();
    await end?.catch(() => undefined);
    file.fail(error as Error);
    throw error;
  }
}

type Create = (hears?: Pick<WantedPartial, 'onRead'>) => Promise<PartialFile>;

/** What is kept of the file is read again, which takes minutes where it is large. */
function createPartial(
  file: IncomingOffer,
  inbox: Arrivals,
  hears: Pick<WantedPartial, 'onRead'>,
  { onWait }: ReceiveOptions,
): Promise<PartialFile> {
  const wanted = wantedFor(file);
  const kept = inbox.keptOf(wanted);
  let read = 0;
  const onRead = (bytes: number) => {
    read += bytes;
    hears.onRead?.(bytes);
  };
  const creating = inbox.createPartial({ ...wanted, onRead });
  if (kept > 0) onWait?.(creating, () => Math.min(1, read / kept));
  return creating;
}

type Accept = (
  file: IncomingOffer,
  inbox: Arrivals,
  create: Create,
  options: Pick<ReceiveOptions, 'left' | 'onProven'>,
) => Promise<{ channel: Inlet; part: PartialFile }>;

const acceptPlain: Accept = async (file, _inbox, create) => {
  const part = await create();
  return { channel: await file.accept(part.offset), part };
};

/**
 * Until its sender has proven who it is, an offer may be a copy, or somebody else's: what is there is looked at before,
 * and changed after. Rejects with `StillUnderWay` where that was wrong; the next offer of it begins elsewhere.
 */
const acceptSealed: Accept = async (file, inbox, create, { left, onProven }) => {
  const wanted = wantedFor(file);
  // What an earlier transfer of it takes, which is about to give way, is no longer taken then.
  const refusal = left === undefined ? await whyNoPlace(inbox, wanted) : undefined;
  const offset = refusal ? 0 : Math.max(left ?? 0, inbox.keptOf(wanted));
  const channel = await file.accept(offset, refusal && 'declined');
  await onProven?.();
  if (refusal) throw refusal;
  // At the speed of a disk a large one takes minutes.
  const onRead = () => {
    if (channel.destroyed) throw channel.errored ?? new ChannelLost('its sender has gone');
    file.atWork?.();
  };
  const part = await create({ onRead });
  if (part.offset === offset) return { channel, part };
  throw new StillUnderWay('what was kept of it has changed; its sender comes again');
};

/** Gives the file its name, or makes the folder that was offered in its place. Returns the absolute path. */
async function place(
  partial: PartialFile,
  file: IncomingOffer,
  inbox: Arrivals,
  { isDue = false, isOurs = false, trust }: ReceiveOptions,
): Promise<string> {
  const { name, date, path, isFolder, isExecutable = false } = file.offer;
  if (!isFolder || !path) {
    const record = recordOf(file, isDue, trust);
    return partial.publish(name, { date, record, isExecutable: isExecutable && isOurs });
  }
  const made = await inbox.makeFolder(ownerOf(file), path);
  await partial.discard();
  return made;
}

const recordOf = (file: IncomingOffer, isDue: boolean, trust: Trust | undefined): NewRecord => ({
  ...ownerOf(file),
  ...{ peer: file.peer, offered: offeredPath(file.offer), isDue },
  ...(trust ? { trust } : {}),
  ...(file.linkId === undefined ? {} : { linkId: file.linkId }),
});

async function write(
  channel: Inlet,
  partial: PartialFile,
  { onProgress, onArrived, pace, atWork }: ReceiveOptions & Pick<IncomingOffer, 'atWork'>,
): Promise<number> {
  if (onArrived) channel.on('arrived', onArrived);
  const paced = pace && paceOf(channel, pace);
  for await (const bytes of channel.iterator({ destroyOnReturn: false })) {
    await partial.write(bytes);
    onProgress(partial.offset + channel.bytesReceived);
    // The sender hears that these bytes are taken when the next ones are asked for.
    await paced?.(bytes.length);
    // By a lane it hears of nothing that we have read.
    if (channel.lane !== undefined) atWork?.();
  }
  return partial.offset + channel.bytesReceived;
}

/** More than was offered is refused as it comes. */
function checkSize(size: number, offered = size): void {
  if (size === offered) return;
  throw new ChannelBroken(0, new Error(`it sent ${size} of ${offered} bytes`));
}

/** Throws `FileMismatch`. */
function compare(partial: PartialFile, told: ReadonlyMap<string, Buffer>): void {
  for (const [name, digest] of told) {
    if (!partial.digest(nodeNameOf(name) as string).equals(digest)) {
      throw new FileMismatch(`the bytes that came do not have the ${name} hash that was told`);
    }
  }
}
