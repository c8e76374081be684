import { randomSid } from '../protocol/ibb/stanzas.js';
import { ProposalRejected, propose } from '../protocol/jingle/message-initiation.js';
import { bareJid, formatJid, parseJid } from '../session/jid.js';
import type { Session } from '../session/session.js';
import { StanzaError } from '../session/stanza-error.js';
import { remarkOn } from './known-clients.js';
import type { Way } from './offers.js';
import { receiverOf } from './receiver.js';
import { RecipientRefused } from './recipient-errors.js';
import { ablest, Inquiry, isContact, type Resource, waysBy } from './resources.js';

/** Programs proceed at once; no client is known that asks its user whether to take a file that is proposed. */
const PROCEED_MS = 5_000;

/** Not every server shows a proposal to a resource that is there for no messages; ejabberd does not. */
const UNSEEN_HINT = '; under another resource than "inband" its full JID may be needed';

/** Who gets the file, and how. */
export interface Recipient {
  /** Full JID. */
  peer: string;
  /** The ways in which it takes files, best first. */
  ways: Way[];
  /** It answers each close, and only when it has the file. */
  answersClose?: true;
  /** Of the session that it has let us begin (XEP-0353). */
  sid?: string;
}

/**
 * Finds the resource to send a file to. A full JID, or a domain, is taken as given. Of a bare one it is the resource
 * `inband`, which receives for its owner; else the ablest of those that are seen online, by their features (XEP-0030,
 * XEP-0115); where several are equally able, or none is seen, the one that proceeds first (XEP-0353). `note` is told
 * what was found. Rejects with `RecipientUnreachable`, `RecipientRefused`, and when the session ends.
 */
export async function findRecipient(
  session: Session,
  jid: string,
  via: Way | 'auto',
  signal: AbortSignal,
  note: (text: string) => void,
): Promise<Recipient> {
  const search = new Search(session, via, signal, note);
  return isContact(jid) ? search.anyOf(bareJid(jid)) : search.named(formatJid(parseJid(jid)));
}

class Search {
  readonly #session: Session;
  readonly #via: Way | 'auto';
  readonly #signal: AbortSignal;
  readonly #note: (text: string) => void;
  readonly #inquiry: Inquiry;

  constructor(
    session: Session,
    via: Way | 'auto',
    signal: AbortSignal,
    note: (text: string) => void,
  ) {
    this.#session = session;
    this.#via = via;
    this.#signal = signal;
    this.#note = note;
    this.#inquiry = new Inquiry(session, signal, note);
  }

  async named(peer: string): Promise<Recipient> {
    const bare: Recipient = { peer, ways: ['ibb'] };
    // Who names both knows what he wants; not all that take bare bytestreams say so.
    if (this.#via === 'ibb') return bare;
    try {
      const resource = await this.#inquiry.ask({ jid: peer });
      const recipient = this.#judge(resource);
      if (recipient) return recipient;
      if (this.#via === 'auto') return bare;
    } catch (error) {
      this.#inquiry.found(`${peer}: ${(error as Error).message}`, error as Error);
      // Some that take bare bytestreams answer no questions, with the very error of one who is not there.
      if (this.#via === 'auto' && error instanceof StanzaError) return bare;
    }
    throw this.#inquiry.nobody(peer);
  }

  async anyOf(contact: string): Promise<Recipient> {
    const receiver = receiverOf(contact);
    const daemon = await this.#inquiry.tryToAsk({ jid: receiver });
    const recipient = daemon && this.#judge(daemon);
    if (recipient) return recipient;
    const seen = await this.#inquiry.seen(contact);
    const asked = seen
      .filter(({ jid }) => jid !== receiver)
      .map((one) => this.#inquiry.tryToAsk(one));
    const able = (await Promise.all(asked)).flatMap((one) => (one && this.#judge(one) ? one : []));
    const { best, isAmbiguous } = ablest(able, this.#via);
    // Who may see one may see all; who sees nobody may be heard by somebody.
    const isUnseen = seen.length === 0;
    const proceeding = isUnseen || isAmbiguous ? await this.#proposed(contact) : undefined;
    const chosen = proceeding ?? (best[0] && this.#recipient(best[0]));
    if (!chosen) throw this.#inquiry.nobody(contact, isUnseen ? UNSEEN_HINT : '');
    return chosen;
  }

  #judge(resource: Resource): Recipient | undefined {
    const recipient = this.#recipient(resource);
    const { peer, ways } = recipient;
    if (ways.length > 0) {
      this.#note(`${peer} takes files by ${ways.join(', then ')}`);
      const remark = remarkOn(resource.client ?? '');
      if (remark) this.#note(remark);
      return recipient;
    }
    const wanted = this.#via === 'auto' ? 'files in the stream' : `files by ${this.#via}`;
    return this.#inquiry.found(`${peer} takes no ${wanted}`);
  }

  #recipient(resource: Resource): Recipient {
    return {
      peer: resource.jid,
      ways: waysBy(this.#via, resource),
      ...(resource.client === 'inband' ? { answersClose: true } : {}),
    };
  }

  /** Who proceeds lets us know that it is there, whether we may see it or not. */
  async #proposed(contact: string): Promise<Recipient | undefined> {
    if (this.#via !== 'auto' && this.#via !== 'jingle') return undefined;
    const sid = randomSid();
    const options = { signal: this.#signal, timeout: PROCEED_MS };
    this.#note(`proposing the file to all resources of ${contact}, for ${PROCEED_MS / 1000} s`);
    try {
      const peer = await propose(this.#session, contact, sid, options);
      if (!peer) return this.#inquiry.found('nobody answered a proposal');
      this.#note(`${peer} was the first to proceed`);
      return { peer, ways: ['jingle'], sid };
    } catch (error) {
      if (!(error instanceof ProposalRejected)) throw error;
      const message = `${contact} refused the file (${error.message})`;
      throw new RecipientRefused(message, { cause: error });
    }
  }
}
