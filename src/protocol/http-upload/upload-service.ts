import { parseJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
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

/** Milliseconds until it is known whether there is a service, at most: the services are asked behind the server. */
export const FIND_MOST_MS = 2 * FIND_MS;

/** Milliseconds that a service may take to give a place. */
export const SLOT_MS = 30_000;

/** Items of a server that are looked at; they have ten or so. */
const MAX_ITEMS = 32;

/** What was found with the own server. */
export interface FoundUploads {
  service: UploadService | undefined;
  /** JIDs that have not said what they are: one of them may be it. */
  mute: readonly string[];
}

/**
 * The own server, if it takes uploads itself, or else the first of its items to say so (§3). Rejects with the signal's
 * reason, and when the session ends.
 */
export async function findUploadService(
  session: Session,
  signal: AbortSignal,
  timeout = FIND_MS,
): Promise<FoundUploads> {
  const { domain } = parseJid(session.jid);
  const mute = new Set<string>();
  const options = { signal, timeout };
  /** An answer that is an error is a no, but for one that may be otherwise later (RFC 6120 §8.3.2). */
  const said = <Answer>(jid: string, asked: Promise<Answer>) =>
    asked.catch((error: Error) => {
      const isNo = error instanceof StanzaError && error.type !== 'wait';
      if (!isNo) mute.add(jid);
      return undefined;
    });
  const takerAt = async (jid: string): Promise<UploadService | undefined> => {
    const told = await said(jid, discoverInfo(session, jid, undefined, options));
    const uploads = told && readUploads(told.info);
    return uploads && { jid, ...uploads };
  };
  const [own, items = []] = await Promise.all([
    takerAt(domain),
    said(domain, discoverItems(session, domain, options)),
  ]);
  const service = own ?? (await firstOf(items.slice(0, MAX_ITEMS).map(takerAt)));
  signal.throwIfAborted();
  session.ended.throwIfAborted();
  return { service, mute: [...mute] };
}

/** Waits for no other once there is one. */
async function firstOf(
  asked: readonly Promise<UploadService | undefined>[],
): Promise<UploadService | undefined> {
  const NONE = new Error('it takes no uploads');
  const takers = asked.map(async (taker) => (await taker) ?? Promise.reject(NONE));
  // All say no, or nothing: that is the only reason.
  return Promise.any(takers).catch(() => undefined);
}

/** Rejects as `request` does, and with `UnusableSlot`. */
export async function askForSlot(
  session: Session,
  { jid }: UploadService,
  file: UploadedFile,
  signal: AbortSignal,
): Promise<UploadSlot> {
  const options = { signal, timeout: SLOT_MS };
  return readSlot(await session.request('get', jid, slotRequest(file), options), jid);
}
