import { randomFillSync } from 'node:crypto';
import { Countdown } from './countdown.js';
import { bareJid, mayBeForms } from './jid.js';
import type { RequestOptions } from './session.js';
import { StanzaError } from './stanza-error.js';
import { type ItemReader, isEmptied } from './stream/parser.js';
import type { Element } from './xml.js';

const DEFAULT_TIMEOUT_MS = 30_000; // ours; XMPP sets none

/** RFC 6120 §8.1.3: bytes of an id, so that nobody can guess it. */
const ID_BYTES = 16;
/** Ids for which random bytes are drawn at once: one draw takes as long as all else that is done for a request. */
const IDS = 64;

/** No answer came in time. Whether the request was carried out is unknown. */
export class RequestTimeout extends Error {
  override readonly name = 'RequestTimeout';
}

interface Pending {
  to: string | undefined;
  countdown: Countdown;
  onItem: ItemReader | undefined;
  settle(reply: Element): void;
  /** `why`: whatever a signal was aborted with, which may be no error. */
  fail(why: unknown): void;
}

/** Whether a stanza is for one who has asked. */
export const isReply = ({ name, attrs: { type } }: Element): boolean =>
  name === 'iq' && (type === 'result' || type === 'error');

/** The requests that wait for their reply, by id. */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #own: string;
  readonly #ownBare: string;
  #held = false;

  constructor(ownJid: string) {
    this.#own = ownJid;
    this.#ownBare = bareJid(ownJid);
  }

  /** Registers a request before it is sent: its id, and the promise of the reply. */
  register(to: string | undefined, options: RequestOptions = {}) {
    const id = randomId();
    const { timeout = DEFAULT_TIMEOUT_MS, signal, onItem } = options;
    const reply = new Promise<Element>((resolve, reject) => {
      const abort = () => this.fail(id, signal?.reason);
      const late = () => this.fail(id, new RequestTimeout(`no answer from ${to ?? 'the server'}`));
      const countdown = new Countdown(timeout, late);
      if (!this.#held) countdown.go();
      const over = <T>(outcome: T): T => {
        this.#pending.delete(id);
        countdown.stop();
        signal?.removeEventListener('abort', abort);
        return outcome;
      };
      this.#pending.set(id, {
        ...{ to, countdown, onItem },
        settle: (reply) => resolve(over(reply)),
        fail: (why) => reject(over(why)),
      });
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
    });
    return { id, reply };
  }

  /** Takes an iq of type result or error; one that no request waits for from this sender is ignored. */
  receive(stanza: Element): void {
    const pending = this.#answeredBy(stanza);
    if (!pending) return;
    if (isEmptied(stanza)) return pending.fail(tooLarge());
    if (stanza.attrs.type === 'error') return pending.fail(StanzaError.fromStanza(stanza));
    this.#readItems(stanza, pending.onItem);
    pending.settle(stanza);
  }

  /** The reader of the items of this result as they come. */
  itemReader(head: Element): ItemReader | undefined {
    if (head.name !== 'iq' || head.attrs.type !== 'result') return undefined;
    return this.#answeredBy(head)?.onItem;
  }

  #answeredBy({ attrs: { id = '', from } }: Element): Pending | undefined {
    const pending = this.#pending.get(id);
    return pending && this.#mayAnswer(pending.to, from) ? pending : undefined;
  }

  /** Hands over the items that did not go to the reader as they came. */
  #readItems(stanza: Element, onItem: ItemReader | undefined): void {
    if (!onItem) return;
    const [payload] = stanza.getChildElements();
    for (const item of payload?.getChildElements() ?? []) onItem(item);
    payload?.children.splice(0);
  }

  /** Lets no time pass for them until `release`: nobody can answer. */
  hold(): void {
    this.#held = true;
    for (const { countdown } of this.#pending.values()) countdown.stop();
  }

  release(): void {
    this.#held = false;
    for (const { countdown } of this.#pending.values()) countdown.go();
  }

  fail(id: string, why: unknown): void {
    this.#pending.get(id)?.fail(why);
  }

  failAll(error: Error): void {
    for (const id of this.#pending.keys()) this.fail(id, error);
  }

  /**
   * RFC 6120 §8.1.2.1 and §8.2.3: the one who was asked, in whichever form the server has of the address, for nobody
   * else knows the id; for the own account also the server in its name.
   */
  #mayAnswer(to: string | undefined, from: string | undefined): boolean {
    if (to === undefined || to === this.#ownBare) {
      return from === undefined || from === this.#ownBare || from === this.#own;
    }
    return from !== undefined && mayBeForms(from, to);
  }
}

/** An answer that was too large to be read counts as one that says nothing, whoever sent it. */
const tooLarge = () =>
  new StanzaError('cancel', 'policy-violation', 'the answer is too large to be read');

const randomness = Buffer.alloc(IDS * ID_BYTES);
let used = randomness.length;

function randomId(): string {
  if (used === randomness.length) {
    randomFillSync(randomness);
    used = 0;
  }
  used += ID_BYTES;
  return randomness.toString('base64url', used - ID_BYTES, used);
}
