import type { BitOfBinary } from '../../protocol/bob/bit-of-binary.js';
import { BitsOfBinary, NoSuchBlob } from '../../protocol/bob/bits-of-binary.js';
import { findBlob } from '../../protocol/bob/blob-store.js';
import { readContentId } from '../../protocol/bob/content-id.js';
import { withHints } from '../../session/hints.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { mayBeShut } from '../answers.js';
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

/** At a time: as many as keep a slow way busy, and are no burden to who gives them out. */
const MOST_AT_ONCE = 8;

/** What came of one. */
type Outcome = { cid: string } & (
  | { fetched: Fetched; error?: undefined }
  | { fetched?: undefined; error: Error }
);

/**
 * Finds blobs in the cache, or goes online, once, and asks for them, several at a time. Yields what came of each in the
 * order in which they were named: a blob, or `NobodyToAsk`, `NoSuchBlob`, `BlobMismatch`, and what ended the session.
 * Throws `MalformedBlob` for what is no cid, and `MalformedJid`, before anything is done.
 */
export async function* fetchBlobs(
  texts: readonly string[],
  options: FetchOptions,
): AsyncGenerator<Outcome, void> {
  const cids = texts.map(readContentId);
  const peers = options.from.map(readHolder);
  const line = new AskingLine(options);
  const outcomes: Promise<Outcome>[] = [];
  const begin = (cid: string | undefined) => {
    if (cid === undefined) return;
    const fetching = fetchOne(cid, peers, line, options);
    outcomes.push(
      fetching.then(
        (fetched) => ({ cid, fetched }),
        (error: Error) => ({ cid, error }),
      ),
    );
  };
  try {
    for (const cid of cids.slice(0, MOST_AT_ONCE)) begin(cid);
    for (const [at] of cids.entries()) {
      const outcome = (await outcomes[at]) as Outcome;
      begin(cids[outcomes.length]);
      yield outcome;
    }
  } finally {
    await line.close();
  }
}

async function fetchOne(
  cid: string,
  peers: string[],
  line: AskingLine,
  { registry, isCached, report, signal }: FetchOptions,
): Promise<Fetched> {
  const blob = isCached ? await findBlob(registry, cid) : undefined;
  if (blob) return { blob };
  if (peers.length === 0) {
    const why = isCached ? `${cid} is not in the cache` : 'the cache is not to be looked into';
    throw new NobodyToAsk(why);
  }
  const { session, bits } = await line.open();
  const ask = async (peer: string) => ({
    blob: await bits.getBlob({ jid: peer, cid, cached: false, signal }).catch(withQuestion),
    peer,
  });
  const until = askInTurn(holders(session, peers, signal), { ask, report, signal });
  report({ event: 'pending', text: `asking ${peers.join(', ')} for a blob`, until });
  return until;
}

/** Whoever is not let in is answered as if nobody were there. */
function withQuestion(error: Error): never {
  const { cause } = error;
  const isShut = cause instanceof StanzaError && mayBeShut(cause);
  if (!(error instanceof NoSuchBlob) || !isShut) throw error;
  throw withHints(
    error,
    'is "inband receive" running there, and does its --allow let you in?',
    'or ask another with --from',
  );
}

/** The one session on which all is asked for, if anything is. */
class AskingLine {
  readonly #options: FetchOptions;
  #opened: Promise<{ session: Session; bits: BitsOfBinary }> | undefined;

  constructor(options: FetchOptions) {
    this.#options = options;
  }

  open() {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  async #open() {
    const { connect, report, registry } = this.#options;
    const session = await goOnline(connect, report, { admit: () => false });
    return { session, bits: new BitsOfBinary(session, registry) };
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.session.close();
  }
}
