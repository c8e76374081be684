import { ProposalRejected, propose } from '../../protocol/jingle/message-initiation.js';
import type { SeenResource } from '../../protocol/presence/presence.js';
import { randomSid } from '../../protocol/sid.js';
import { addressFrom, bareJid, hasForms } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { meaningOfReason } from '../answers.js';
import { type NotInStream, RecipientRefused } from '../recipient-errors.js';
import type { Recipient, Way } from '../ways/way.js';
import { UNADVERTISED, WAYS } from '../ways/ways.js';
import { Inquiry, isContact, type KnownSoFar } from './inquiry.js';
import { remarkOn } from './known-clients.js';
import { receiverOf } from './receiver.js';
import {
  ablest,
  byAbility,
  namesOf,
  type Resource,
  recipientOf,
  type Via,
  waysBy,
} from './resource.js';
import { whyNotInStream } from './why-not-in-stream.js';

/** Programs proceed at once; no client is known that asks its user whether to take a file that is proposed. */
const PROCEED_MS = 5_000;

/** Not every server shows a proposal to a resource that is there for no messages; ejabberd does not. */
const UNSEEN_HINT = 'under another resource than "inband" its full JID may be needed';

interface Wanted {
  /** The ways that the user named, if any were. */
  via?: Via;
  signal: AbortSignal;
  /** Told what was found. */
  note: (text: string) => void;
  /** Whether the file may be proposed to all resources now. Default: always. */
  mayPropose?: ((known: KnownSoFar) => boolean) | undefined;
  /** Files may go beside the stream in the clear, too. Default: not. */
  mayBePlain?: boolean | undefined;
}

/**
 * Finds who is to get a file, the best first. A full JID, or a domain, is taken as given. Of a bare one it is the
 * resource `inband`, which receives for its owner; then the ablest of those that are seen online, by their features
 * (XEP-0030, XEP-0115); where several are equally able, or none is seen, the one that proceeds first (XEP-0353); then
 * the others that are seen. Nobody is looked for before the next one is asked for. Throws `RecipientUnreachable` where
 * nobody is found, `RecipientRefused`, and when the session ends.
 */
export function findRecipients(
  session: Session,
  jid: string,
  wanted: Wanted,
): AsyncGenerator<Recipient, void> {
  const search = new Search(session, wanted);
  const address = addressFrom(session.jid, jid);
  return isContact(jid) ? search.anyOf(address) : search.named(address);
}

class Search {
  readonly #session: Session;
  readonly #via: Via;
  readonly #signal: AbortSignal;
  readonly #note: (text: string) => void;
  readonly #mayPropose: (known: KnownSoFar) => boolean;
  readonly #inquiry: Inquiry;
  /** The resources that are sent nothing inside of the stream, and what to tell of the first of them. */
  readonly #unfit = new Set<string>();
  #whyUnfit: NotInStream | undefined;

  constructor(session: Session, wanted: Wanted) {
    const { via, signal, note, mayPropose = () => true } = wanted;
    this.#session = session;
    this.#via = via;
    this.#signal = signal;
    this.#note = note;
    this.#mayPropose = mayPropose;
    this.#inquiry = new Inquiry(session, wanted);
  }

  async *named(peer: string): AsyncGenerator<Recipient, void> {
    if (this.#via) return yield await this.#asNamed(peer, this.#via);
    try {
      const recipient = this.#judge(await this.#inquiry.ask({ jid: peer }));
      if (recipient) return yield recipient;
    } catch (error) {
      this.#inquiry.found(`${peer}: ${(error as Error).message}`, error as Error);
      if (!(error instanceof StanzaError)) throw this.#nobody(peer);
    }
    if (!this.#whyUnfit) return yield { peer: this.#inquiry.formOf(peer), ways: UNADVERTISED };
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
    const isSeen = seen.length > 0;
    const isOpen = !isSeen || ablest(able, this.#via).isAmbiguous;
    const mayPropose = isOpen && this.#mayPropose({ isSeen, answer: this.#inquiry.answer });
    const asked = daemon ? [daemon, ...able] : able;
    const proceeding = mayPropose ? await this.#proposed(contact, asked) : undefined;
    const isOther = ({ peer }: Recipient) => peer !== first?.peer && peer !== proceeding?.peer;
    if (proceeding && proceeding.peer !== first?.peer) yield proceeding;
    const others = byAbility(able, this.#via).map((one) => recipientOf(one, this.#via));
    yield* others.filter(isOther);
    if (first || proceeding || others.length > 0) return;
    throw this.#nobody(contact, ...(isSeen ? [] : [UNSEEN_HINT]));
  }

  async #ableOf(seen: readonly SeenResource[]): Promise<Resource[]> {
    const asked = await Promise.all(seen.map((one) => this.#inquiry.tryToAsk(one)));
    return asked.flatMap((one) => (one && this.#judge(one) ? one : []));
  }

  #judge(resource: Resource): Recipient | undefined {
    const { jid, client = '', isGuess } = resource;
    const recipient = recipientOf(resource, this.#via);
    if (recipient.ways.length > 0) {
      const names = recipient.ways.map(({ name }) => name).join(', then ');
      const guessed = `${jid} may take files by ${names}, for its server answers in its place`;
      this.#note(isGuess ? guessed : `${jid} takes files by ${names}`);
      const remark = remarkOn(client);
      if (remark) this.#note(remark);
      return recipient;
    }
    const why = whyNotInStream(resource);
    if (why) {
      this.#whyUnfit ??= why;
      this.#unfit.add(jid);
      return this.#inquiry.found(why.message);
    }
    const wanted = this.#via ? `files by ${namesOf(this.#via)}` : 'files in the stream';
    return this.#inquiry.found(`${jid} takes no ${wanted}`);
  }

  /** A full JID and ways were both named: whatever is told of it, these are tried. */
  async #asNamed(peer: string, via: readonly Way[]): Promise<Recipient> {
    const isSaid = via.some((way) => way.isAdvertised);
    if (!isSaid) return { peer: await this.#formOf(peer), ways: via };
    const resource = await this.#inquiry.tryToAsk({ jid: peer });
    const isTold = via.some((way) => resource?.ways.includes(way));
    const untold = `${peer} does not say that it takes files by ${namesOf(via)}; it is tried all the same`;
    if (!isTold) this.#note(untold);
    if (resource) return { ...recipientOf(resource, this.#via), ways: via };
    return { peer: this.#inquiry.formOf(peer), ways: via };
  }

  /** An address that every server writes in the same form need not be asked about. */
  async #formOf(peer: string): Promise<string> {
    if (hasForms(peer)) await this.#inquiry.tryToAsk({ jid: peer });
    return this.#inquiry.formOf(peer);
  }

  #nobody(jid: string, ...hints: string[]): Error {
    return this.#whyUnfit ?? this.#inquiry.nobody(jid, ...hints);
  }

  /** A recipient that proceeds is there, whether we may see it or not. */
  async #proposed(contact: string, asked: readonly Resource[]): Promise<Recipient | undefined> {
    const proposed = WAYS.filter(({ isProposed }) => isProposed);
    if (this.#via && !this.#via.some((way) => proposed.includes(way))) return undefined;
    const [sid, options] = [randomSid(), { signal: this.#signal, timeout: PROCEED_MS }];
    this.#note(`proposing the file to all resources of ${contact}, for ${PROCEED_MS / 1000} s`);
    try {
      const peer = await propose(this.#session, contact, sid, options);
      if (!peer) return this.#inquiry.found('nobody answered a proposal');
      if (this.#unfit.has(peer)) return undefined;
      this.#note(`${peer} was the first to proceed`);
      // It may have come online since we looked; what it can do decides how a file is offered.
      const isThis = ({ jid }: Resource) => jid === peer;
      const known = asked.find(isThis) ?? (await this.#inquiry.tryToAsk({ jid: peer }));
      const others = known ? waysBy(this.#via, known).filter((way) => !way.isProposed) : [];
      return {
        ...(known && recipientOf(known, this.#via)),
        peer,
        ways: [...proposed, ...others],
        sid,
      };
    } catch (error) {
      if (!(error instanceof ProposalRejected)) throw error;
      // The resource that has answered speaks for its user, but not for what the others can do.
      if (meaningOfReason(error.reason) === 'impossible') return this.#inquiry.found(error.message);
      const message = `${contact} refused the file (${error.message})`;
      throw new RecipientRefused(message, { cause: error });
    }
  }
}
