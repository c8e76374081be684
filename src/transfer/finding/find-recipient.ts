import { randomSid } from '../../protocol/ibb/stanzas.js';
import { ProposalRejected, propose } from '../../protocol/jingle/message-initiation.js';
import type { SeenResource } from '../../protocol/presence.js';
import { addressFrom, bareJid, hasForms } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { meaningOfReason } from '../answers.js';
import type { Way } from '../offers.js';
import { RecipientRefused, RecipientUnreachable } from '../recipient-errors.js';
import { losesFiles, remarkOn } from './known-clients.js';
import { receiverOf } from './receiver.js';
import { ablest, byAbility, Inquiry, isContact, type Resource, waysBy } from './resources.js';

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
  /** The ways are those that might be: its server has answered in its place. */
  isGuess?: true;
  /** Of the session that it has let us begin (XEP-0353). */
  sid?: string;
}

/**
 * Finds who is to get a file, the best first. A full JID, or a domain, is taken as given. Of a bare one it is the
 * resource `inband`, which receives for its owner; then the ablest of those that are seen online, by their features
 * (XEP-0030, XEP-0115); where several are equally able, or none is seen, the one that proceeds first (XEP-0353); then
 * the others that are seen. Nobody is looked for before the next one is asked for. `note` is told what was found. Throws
 * `RecipientUnreachable` where nobody is found, `RecipientRefused`, and when the session ends.
 */
export function findRecipients(
  session: Session,
  jid: string,
  via: Way | 'auto',
  signal: AbortSignal,
  note: (text: string) => void,
): AsyncGenerator<Recipient, void> {
  const search = new Search(session, via, signal, note);
  const address = addressFrom(session.jid, jid);
  return isContact(jid) ? search.anyOf(address) : search.named(address);
}

class Search {
  readonly #session: Session;
  readonly #via: Way | 'auto';
  readonly #signal: AbortSignal;
  readonly #note: (text: string) => void;
  readonly #inquiry: Inquiry;
  /** Those that would lose the file, and what to tell of the first of them. */
  readonly #losing = new Set<string>();
  #loss: RecipientUnreachable | undefined;

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

  async *named(peer: string): AsyncGenerator<Recipient, void> {
    // Who names both knows what he wants; not all that take bare bytestreams say so.
    if (this.#via === 'ibb') return yield { peer: await this.#formOf(peer), ways: ['ibb'] };
    if (this.#via !== 'auto') return yield await this.#asNamed(peer, this.#via);
    try {
      const recipient = this.#judge(await this.#inquiry.ask({ jid: peer }));
      if (recipient) return yield recipient;
    } catch (error) {
      this.#inquiry.found(`${peer}: ${(error as Error).message}`, error as Error);
      if (!(error instanceof StanzaError)) throw this.#nobody(peer);
    }
    // Some that take bare bytestreams answer no questions, with the very error of one who is not there.
    if (!this.#loss) return yield { peer: this.#inquiry.formOf(peer), ways: ['ibb'] };
    throw this.#nobody(peer);
  }

  async *anyOf(contact: string): AsyncGenerator<Recipient, void> {
    const daemon = await this.#inquiry.tryToAsk({ jid: receiverOf(contact) });
    const first = daemon && this.#judge(daemon);
    if (first) yield first;
    const receiver = this.#inquiry.formOf(receiverOf(contact));
    const seen = await this.#inquiry.seen(bareJid(receiver));
    const able = await this.#ableOf(seen.filter(({ jid }) => jid !== receiver));
    // If we see one resource we see all; if none, somebody may still answer a proposal.
    const isUnseen = seen.length === 0;
    const isOpen = isUnseen || ablest(able, this.#via).isAmbiguous;
    const proceeding = isOpen ? await this.#proposed(contact, able) : undefined;
    const isOther = ({ peer }: Recipient) => peer !== first?.peer && peer !== proceeding?.peer;
    if (proceeding && proceeding.peer !== first?.peer) yield proceeding;
    const others = byAbility(able, this.#via).map((one) => this.#recipient(one));
    yield* others.filter(isOther);
    if (first || proceeding || others.length > 0) return;
    throw this.#nobody(contact, isUnseen ? UNSEEN_HINT : '');
  }

  async #ableOf(seen: readonly SeenResource[]): Promise<Resource[]> {
    const asked = await Promise.all(seen.map((one) => this.#inquiry.tryToAsk(one)));
    return asked.flatMap((one) => (one && this.#judge(one) ? one : []));
  }

  #judge(resource: Resource): Recipient | undefined {
    const { jid, ways, client = '', isGuess } = resource;
    const recipient = this.#recipient(resource);
    if (recipient.ways.length > 0) {
      const takes = isGuess ? 'may take files, for its server answers in its place' : 'takes files';
      this.#note(`${jid} ${takes} by ${recipient.ways.join(', then ')}`);
      const remark = remarkOn(client);
      if (remark) this.#note(remark);
      return recipient;
    }
    if (ways.length > 0 && losesFiles(client)) return this.#lost(jid, client);
    const wanted = this.#via === 'auto' ? 'files in the stream' : `files by ${this.#via}`;
    return this.#inquiry.found(`${jid} takes no ${wanted}`);
  }

  /** One that would lose the file. */
  #lost(jid: string, client: string): undefined {
    const reason = `${jid} would lose the file: ${remarkOn(client)}; --via with that JID tries it all the same`;
    this.#loss ??= new RecipientUnreachable(reason);
    this.#losing.add(jid);
    return this.#inquiry.found(reason);
  }

  #recipient(resource: Resource): Recipient {
    return {
      peer: resource.jid,
      ways: waysBy(this.#via, resource),
      ...(resource.client === 'inband' ? { answersClose: true } : {}),
      ...(resource.isGuess ? { isGuess: true } : {}),
    };
  }

  /** A full JID and a way were both named: whatever is told of it, that is tried. */
  async #asNamed(peer: string, via: Way): Promise<Recipient> {
    const resource = await this.#inquiry.tryToAsk({ jid: peer });
    if (!resource?.ways.includes(via)) {
      this.#note(`${peer} does not say that it takes files by ${via}; it is tried all the same`);
    }
    return {
      ...this.#recipient(
        resource ?? { jid: this.#inquiry.formOf(peer), ways: [], proceeds: false },
      ),
      ways: [via],
    };
  }

  /** Whom no server writes otherwise need not be asked. */
  async #formOf(peer: string): Promise<string> {
    if (hasForms(peer)) await this.#inquiry.tryToAsk({ jid: peer });
    return this.#inquiry.formOf(peer);
  }

  #nobody(jid: string, hint = ''): RecipientUnreachable {
    return this.#loss ?? this.#inquiry.nobody(jid, hint);
  }

  /** Who proceeds lets us know that it is there, whether we may see it or not. */
  async #proposed(contact: string, able: readonly Resource[]): Promise<Recipient | undefined> {
    if (this.#via !== 'auto' && this.#via !== 'jingle') return undefined;
    const sid = randomSid();
    const options = { signal: this.#signal, timeout: PROCEED_MS };
    this.#note(`proposing the file to all resources of ${contact}, for ${PROCEED_MS / 1000} s`);
    try {
      const peer = await propose(this.#session, contact, sid, options);
      if (!peer) return this.#inquiry.found('nobody answered a proposal');
      if (this.#losing.has(peer)) return undefined;
      this.#note(`${peer} was the first to proceed`);
      const known = able.find(({ jid }) => jid === peer);
      const others = known ? waysBy(this.#via, known).filter((way) => way !== 'jingle') : [];
      return { ...(known && this.#recipient(known)), peer, ways: ['jingle', ...others], sid };
    } catch (error) {
      if (!(error instanceof ProposalRejected)) throw error;
      // One resource has answered; it speaks for its user, but not for what the others can do.
      if (meaningOfReason(error.reason) === 'impossible') return this.#inquiry.found(error.message);
      const message = `${contact} refused the file (${error.message})`;
      throw new RecipientRefused(message, { cause: error });
    }
  }
}
