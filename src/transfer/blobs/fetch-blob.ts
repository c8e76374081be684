import type { BitOfBinary } from '../../protocol/bob/bit-of-binary.js';
import { BitsOfBinary } from '../../protocol/bob/bits-of-binary.js';
import { findBlob } from '../../protocol/bob/blob-store.js';
import { readContentId } from '../../protocol/bob/content-id.js';
import { type Connect, goOnline } from '../connect.js';
import type { Report } from '../events.js';
import { holders, readHolder } from '../finding/holders.js';
import type { Registry } from '../registry.js';
import { askInTurn } from './ask-in-turn.js';

/** The blob is not here, and the user has named nobody to ask for it. */
export class NobodyToAsk extends Error {
  override readonly name = 'NobodyToAsk';
}

export interface Fetched {
  blob: BitOfBinary;
  /** Full JID that it came from; absent if it was in the cache. */
  peer?: string;
}

interface FetchOptions {
  /** The JIDs to ask, each in turn, as the user gave them. */
  from: readonly string[];
  /** Looks into the cache first. */
  isCached: boolean;
  registry: Registry;
  connect: Connect;
  report: Report;
  signal: AbortSignal;
}

/**
 * Finds a blob in the cache, or goes online and asks for it. Rejects with `MalformedBlob` for what is no cid,
 * `NobodyToAsk`, `MalformedJid`, `NoSuchBlob`, `BlobMismatch`, and when the session ends.
 */
export async function fetchBlob(text: string, options: FetchOptions): Promise<Fetched> {
  const { registry, from, isCached } = options;
  const cid = readContentId(text);
  const blob = isCached ? await findBlob(registry, cid) : undefined;
  if (blob) return { blob };
  if (from.length === 0) {
    const why = isCached ? `${cid} is not in the cache` : 'the cache is not to be looked into';
    throw new NobodyToAsk(why);
  }
  return askAll(cid, from.map(readHolder), options);
}

async function askAll(
  cid: string,
  peers: string[],
  { registry, connect, report, signal }: FetchOptions,
): Promise<Fetched> {
  const session = await goOnline(connect, report, { admit: () => false });
  try {
    const bits = new BitsOfBinary(session, registry);
    const ask = async (peer: string) => ({
      blob: await bits.getBlob({ jid: peer, cid, cached: false, signal }),
      peer,
    });
    return await askInTurn(holders(session, peers, signal), { ask, report, signal });
  } finally {
    await session.close();
  }
}
