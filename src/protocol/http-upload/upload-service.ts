import { parseJid } from '../../session/jid.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { discoverInfo, discoverItems } from '../disco.js';
import {
  readSlot,
  readUploads,
  slotRequest,
  type UploadedFile,
  type UploadSlot,
} from './stanzas.js';

/** A service that takes uploads of ours. */
export interface UploadService {
  jid: string;
  /** Bytes of the largest file, where it is told. */
  maxSize: number | undefined;
}

/** Milliseconds that the own server, and then its services, may take to say what they are: the default `timeout`. */
const FIND_MS = 10_000;

/** Items of a server that are looked at; they have ten or so. */
const MAX_ITEMS = 32;

/**
 * The own server, if it takes uploads itself, or else the first of its items to say so (§3). Nothing where none does.
 * Rejects with the signal's reason, and when the session ends.
 */
export async function findUploadService(
  session: Session,
  signal: AbortSignal,
  timeout = FIND_MS,
): Promise<UploadService | undefined> {
  const { domain } = parseJid(session.jid);
  const options = { signal, timeout };
  const [own, items] = await Promise.all([
    takerAt(session, domain, options),
    // A server that does not tell them has none.
    discoverItems(session, domain, options).catch(() => []),
  ]);
  const found = own ?? (await firstOf(session, items.slice(0, MAX_ITEMS), options));
  signal.throwIfAborted();
  session.ended.throwIfAborted();
  return found;
}

/** What one is that does not answer, or with an error, is no matter of a file's. */
async function takerAt(
  session: Session,
  jid: string,
  options: RequestOptions,
): Promise<UploadService | undefined> {
  const told = await discoverInfo(session, jid, undefined, options).catch(() => undefined);
  const uploads = told && readUploads(told.info);
  return uploads && { jid, ...uploads };
}

async function firstOf(
  session: Session,
  jids: readonly string[],
  options: RequestOptions,
): Promise<UploadService | undefined> {
  const takers = jids.map(async (jid) => {
    const taker = await takerAt(session, jid, options);
    return taker ?? Promise.reject(new Error(`${jid} takes no uploads`));
  });
  return Promise.any(takers).catch(() => undefined);
}

/** Rejects as `request` does, and with `UnusableSlot`. */
export async function askForSlot(
  session: Session,
  { jid }: UploadService,
  file: UploadedFile,
  signal: AbortSignal,
): Promise<UploadSlot> {
  return readSlot(await session.request('get', jid, slotRequest(file), { signal }));
}
