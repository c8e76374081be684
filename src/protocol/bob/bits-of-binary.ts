import { checkFunction, decided, tell } from '../../session/given/callbacks.js';
import { givenCall } from '../../session/given/given-call.js';
import { checkObject } from '../../session/given/rules.js';
import { withInherited } from '../../session/given/with-inherited.js';
import { bareJid } from '../../session/jid.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import type { HandlerRegistry } from '../handler-registry.js';
import type { BitOfBinary } from './bit-of-binary.js';
import {
  BlobMismatch,
  checked,
  deleteBlob,
  findBlob,
  type SetBlobOptions,
  setBlob,
} from './blob-store.js';
import { parseContentId, readContentId } from './content-id.js';
import { inlineBlobs } from './inline-blobs.js';
import { memoryRegistry } from './memory-blobs.js';
import { SenderBlobs } from './sender-blobs.js';
import { SharedWork } from './shared-work.js';
import * as stanzas from './stanzas.js';

/** The one who was asked does not have the blob, or does not give it. */
export class NoSuchBlob extends Error {
  override readonly name = 'NoSuchBlob';
}

/** Which blob, from whom, and for how long it is asked for. */
export interface GetBlobOptions extends RequestOptions {
  /** The full JID to ask. Without it only the store is looked into. */
  jid?: string | undefined;
  /** Or a `cid:` URI. */
  cid: string;
  /** Looks into the store first. Default true. */
  cached?: boolean | undefined;
}

/** `from` is the JID that sent it, as the server stamped it. */
export type BlobListener = (blob: BitOfBinary, from: string) => void;

/**
 * Bits of Binary (XEP-0231) on a session: serves what the store gives out and fetches from others.
 * What is kept, and where, is up to the handlers in the registry (`BlobHandlers`); by default it is in memory.
 */
export class BitsOfBinary {
  /** Asked before a request is looked at; answers at once. */
  mayAsk: (from: string) => boolean = () => true;
  readonly #session: Session;
  readonly #registry: HandlerRegistry;
  readonly #unverified = new SenderBlobs();
  /** The request under way for each cid, by whom it asks. */
  readonly #asked = new Map<string, { jid: string; work: SharedWork<BitOfBinary> }>();
  readonly #undo: (() => void)[];

  /** `registry`: what keeps the blobs. Default: one of its own, in memory. */
  constructor(session: Session, registry: HandlerRegistry = memoryRegistry()) {
    this.#session = session;
    this.#registry = registry;
    this.#undo = [
      session.handle('get', stanzas.NS_BOB, 'data', (element, { from }) =>
        this.#serve(element, from),
      ),
    ];
  }

  /** Stores a blob of our own, to be given out, and resolves to its cid. Rejects as the function `setBlob` does. */
  async setBlob(bytes: Uint8Array, type: string, options: SetBlobOptions = {}): Promise<string> {
    checkObject(options);
    return setBlob(this.#registry, bytes, type, {
      ...withInherited(options),
      jid: this.#session.jid,
    });
  }

  /** Rejects with `NoSuchBlob`, `BlobMismatch`, and as `request` does but for `StanzaError`. */
  async getBlob(given: GetBlobOptions): Promise<BitOfBinary> {
    const { jid, cid, cached = true, ...options } = givenCall(given);
    const name = readContentId(cid);
    const found = cached ? await this.#find(name, jid) : undefined;
    if (found) return found;
    if (!jid) throw new NoSuchBlob(`${name} is not in the cache`);
    return this.#askOnce(jid, name, options);
  }

  /** Removes a blob, of our own or fetched; returns whether there was one, if the store tells. */
  deleteBlob(cid: string): Promise<boolean | undefined> {
    return deleteBlob(this.#registry, cid, this.#session.jid);
  }

  /**
   * Tells of blobs that come inside messages and presence, from anyone. They are not stored. Undo: the function
   * returned.
   */
  onBlob(listener: BlobListener): () => void {
    checkFunction(listener, 'a listener');
    const receive = (stanza: Element) => {
      const from = stanza.attrs.from ?? bareJid(this.#session.jid);
      for (const blob of inlineBlobs(stanza))
        tell(
          () => listener(blob, from),
          (error) => this.#session.report(error),
        );
    };
    const undo = [this.#session.onMessage(receive), this.#session.onPresence(receive)];
    this.#undo.push(...undo);
    return () => {
      for (const one of undo) one();
    };
  }

  /** Serves and tells no more. */
  close(): void {
    for (const one of this.#undo) one();
  }

  async #find(cid: string, sender: string | undefined): Promise<BitOfBinary | undefined> {
    const stored = await findBlob(this.#registry, cid, { jid: this.#session.jid });
    return stored ?? (sender ? this.#unverified.get(sender, cid) : undefined);
  }

  /** Joins a request under way: to the same peer, or to another whose answer can be checked, while it may succeed. */
  async #askOnce(jid: string, cid: string, options: RequestOptions): Promise<BitOfBinary> {
    const { timeout, signal } = options;
    const other = this.#asked.get(cid);
    if (other && other.jid !== jid && parseContentId(cid)) {
      // Whoever asked the other peer hears of its error; here this peer is asked instead.
      const blob = await other.work.join(signal).catch(() => undefined);
      if (blob) return blob;
    }
    signal?.throwIfAborted();
    return this.#request(jid, cid, timeout).join(signal);
  }

  #request(jid: string, cid: string, timeout: number | undefined): SharedWork<BitOfBinary> {
    const running = this.#asked.get(cid);
    if (running?.jid === jid && !running.work.abandoned) return running.work;
    const work = new SharedWork((signal) =>
      this.#fetch(jid, cid, { signal, ...(timeout === undefined ? {} : { timeout }) }).finally(
        () => {
          if (this.#asked.get(cid)?.work === work) this.#asked.delete(cid);
        },
      ),
    );
    this.#asked.set(cid, { jid, work });
    return work;
  }

  async #fetch(jid: string, cid: string, options: RequestOptions): Promise<BitOfBinary> {
    const answer = await this.#ask(jid, cid, options);
    const blob = checked({ ...answer, cid });
    if (!blob || (blob.unverified && answer.cid !== cid)) {
      throw new BlobMismatch(`what ${jid} sent is not ${cid}`);
    }
    if (blob.unverified) this.#unverified.set(jid, blob);
    else {
      const call = { jid: this.#session.jid, from: jid, args: blob };
      // The bytes are here and right: that they cannot be kept is no reason not to hand them over.
      await this.#registry
        .run('bob', 'set_bob', call)
        .catch((error: Error) => process.emitWarning(`${cid} is not cached: ${error.message}`));
    }
    return blob;
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
    if (!decided(this.mayAsk(from), 'mayAsk'))
      throw new StanzaError('wait', 'not-acceptable', 'too many requests');
    const blob = await this.#findFor(from, cid);
    if (!blob) throw new StanzaError('cancel', 'item-not-found');
    return stanzas.blobElement({ ...blob, cid }); // as it was spelt
  }

  async #findFor(from: string, cid: string): Promise<BitOfBinary | undefined> {
    try {
      return await findBlob(this.#registry, cid, { jid: this.#session.jid, from });
    } catch (error) {
      if (error instanceof RangeError) return undefined; // no cid at all
      throw error;
    }
  }
}
