import type { RequestOptions, Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import type { HandlerApi, HandlerRegistry } from '../handler-registry.js';
import type { BitOfBinary } from './bit-of-binary.js';
import { contentIdOf, matches, parseContentId } from './content-id.js';
import * as stanzas from './stanzas.js';

/** The one who was asked does not have the blob, or does not give it. */
export class NoSuchBlob extends Error {
  override readonly name = 'NoSuchBlob';
}

/** What came is not what the cid names; it was thrown away. */
export class BlobMismatch extends Error {
  override readonly name = 'BlobMismatch';
}

export interface SetBlobOptions {
  /** Seconds that others may keep it; 0: not at all. Default: as long as they like. */
  maxAge?: number | undefined;
  /** An algorithm of `HASH_ALGORITHMS`. Default `sha-256`. */
  hash?: string | undefined;
}

export interface GetBlobOptions extends RequestOptions {
  /** Whom to ask: a full JID. Without it only the store is looked into. */
  jid?: string | undefined;
  cid: string;
  /** Looks into the store first. Default true. */
  cached?: boolean | undefined;
}

/** Stores a blob of our own and returns its cid. RangeError: too large, or an unknown hash. */
export async function setBlob(
  registry: HandlerRegistry,
  bytes: Uint8Array,
  type: string,
  { maxAge, hash = 'sha-256' }: SetBlobOptions = {},
): Promise<string> {
  if (bytes.length > stanzas.MAX_BLOB_BYTES) {
    throw new RangeError(`a blob has at most ${stanzas.MAX_BLOB_BYTES} bytes; send it as a file`);
  }
  const blob = {
    cid: contentIdOf(bytes, hash),
    type,
    ...(maxAge === undefined ? {} : { maxAge }),
    bytes,
  };
  await registry.run('bob', 'set_bob', { args: blob });
  return blob.cid;
}

/**
 * Bits of Binary (XEP-0231) on a session: serves what the store gives out and fetches from others.
 *
 * Operations of the registry, type `bob`: `get_bob` (args: the cid) → the blob or nothing, with `from`
 * the JID that asks for it, or nobody for a look of our own; `set_bob` (args: the blob), with `from` the
 * JID that it came from, or nobody for one of our own; `del_bob` (args: the cid).
 */
export class BitsOfBinary {
  readonly #session: Session;
  readonly #api: HandlerApi;
  readonly #unhandle: () => void;

  constructor(session: Session, registry: HandlerRegistry) {
    this.#session = session;
    this.#api = registry.wrap('bob');
    this.#unhandle = session.handle('get', stanzas.NS_BOB, 'data', (element, { from }) =>
      this.#serve(element, from),
    );
  }

  /** Rejects with `NoSuchBlob`, `BlobMismatch`, and as `request` does but for `StanzaError`. */
  async getBlob({ jid, cid, cached = true, ...options }: GetBlobOptions): Promise<BitOfBinary> {
    const found = cached ? await this.#api.run<BitOfBinary>('get_bob', { args: cid }) : undefined;
    if (found) return found;
    if (!jid) throw new NoSuchBlob(`${cid} is not in the cache; say whom to ask for it`);
    const blob = verified(cid, jid, await this.#ask(jid, cid, options));
    await this.#api.run('set_bob', { jid: this.#session.jid, from: jid, args: blob });
    return blob;
  }

  /** Serves no more. */
  close(): void {
    this.#unhandle();
  }

  async #ask(jid: string, cid: string, options: RequestOptions): Promise<BitOfBinary> {
    try {
      const result = await this.#session.request('get', jid, stanzas.request(cid), options);
      const element = result.getChild('data', stanzas.NS_BOB);
      if (!element) throw new StanzaError('cancel', 'item-not-found');
      return stanzas.readBlob(element);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      throw new NoSuchBlob(`${jid} does not give out ${cid} (${error.message})`, { cause: error });
    }
  }

  async #serve(element: Element, from: string): Promise<Element> {
    const cid = stanzas.readRequest(element);
    const call = { jid: this.#session.jid, from, args: cid };
    const blob = await this.#api.run<BitOfBinary>('get_bob', call);
    if (!blob) throw new StanzaError('cancel', 'item-not-found');
    return stanzas.blob(blob);
  }
}

/** The blob under the cid that was asked for, if it is that. */
function verified(cid: string, jid: string, blob: BitOfBinary): BitOfBinary {
  const id = parseContentId(cid);
  if (!id) throw new BlobMismatch(`${cid} has no hash that can be checked`);
  if (!matches(id, blob.bytes)) throw new BlobMismatch(`what ${jid} sent is not ${cid}`);
  return { ...blob, cid };
}
