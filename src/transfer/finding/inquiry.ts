import type { Discovered } from '../../protocol/disco.js';
import { type Caps, CapsCache } from '../../protocol/presence/caps.js';
import type { SeenResource } from '../../protocol/presence/presence.js';
import { withHints } from '../../session/hints.js';
import { bareJid, prepareJid } from '../../session/jid.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { nobodyFound, notThere, type RecipientUnreachable } from '../recipient-errors.js';
import { type Resource, resourceOf } from './resource.js';
import { PATIENCE_MS, seenOf } from './seen.js';

/** What is known of a recipient when a file could be proposed to it. */
export interface KnownSoFar {
  /** Resources are seen. */
  isSeen: boolean;
  /** The first error that a server or a peer has answered with. */
  answer: StanzaError | undefined;
}

/** Whether it is somebody with resources to choose from; a full JID, or a domain, is taken as given. */
export function isContact(jid: string): boolean {
  const { local, resource } = prepareJid(jid);
  return local !== '' && resource === '';
}

interface InquiryOptions {
  signal: AbortSignal;
  /** Told of what is found. */
  note: (text: string) => void;
  /** Files may go beside the stream in the clear, too. */
  mayBePlain?: boolean | undefined;
}

/** Asks those who may take files what they can do, and keeps what is to be told when nobody was found. */
export class Inquiry {
  readonly options: RequestOptions & { signal: AbortSignal };
  readonly #session: Session;
  readonly #note: (text: string) => void;
  readonly #caps: CapsCache;
  readonly #mayBePlain: boolean;
  readonly #findings: string[] = [];
  #answer: StanzaError | undefined;
  /** The addresses that were asked, each with the form that its server has of it. */
  readonly #forms = new Map<string, string>();

  constructor(session: Session, { signal, note, mayBePlain = false }: InquiryOptions) {
    this.#session = session;
    this.#note = note;
    this.#mayBePlain = mayBePlain;
    this.options = { signal, timeout: PATIENCE_MS };
    this.#caps = new CapsCache(session);
  }

  /** Rejects as `request` does. */
  async ask({ jid, caps }: SeenResource): Promise<Resource> {
    return resourceOf(await this.#discover(jid, caps), this.#mayBePlain);
  }

  async #discover(jid: string, caps: Caps | undefined): Promise<Discovered> {
    try {
      const answer = await this.#caps.info(jid, caps, this.options);
      this.#forms.set(jid, answer.jid);
      return answer;
    } catch (error) {
      if (error instanceof StanzaError && error.from) this.#forms.set(jid, error.from);
      throw error;
    }
  }

  /** An address in the form that its server has of it, as far as it has answered; it is what counts there. */
  formOf(jid: string): string {
    return this.#forms.get(jid) ?? jid;
  }

  /** The same, where no answer is only a finding. */
  async tryToAsk(resource: SeenResource): Promise<Resource | undefined> {
    return this.ask(resource).catch((error: Error) =>
      this.found(`${resource.jid}: ${error.message}`, error),
    );
  }

  /** The resources of a contact that are seen online, up to a limit. */
  async seen(contact: string): Promise<SeenResource[]> {
    const seen = await seenOf(this.#session, contact, this.options).catch((error: Error) =>
      this.found(`${contact}: ${error.message}`, error),
    );
    if (seen?.length === 0) this.found('nobody is seen online');
    return seen ?? [];
  }

  /** The first error that a server or a peer has answered with. */
  get answer(): StanzaError | undefined {
    return this.#answer;
  }

  /** Something that is not enough. Rethrows when there is no point in looking further. */
  found(what: string, error?: Error): undefined {
    if (error) this.#goOnAfter(error);
    if (error instanceof StanzaError) this.#answer ??= error;
    this.#findings.push(what);
    this.#note(what);
    return undefined;
  }

  /** Something that may stay unknown. Rejects when there is no point in asking further. */
  async orNothing<T>(what: string, answer: Promise<T>): Promise<T | undefined> {
    return answer.catch((error: Error) => {
      this.#goOnAfter(error);
      this.#note(`${what} is not told (${error.message})`);
      return undefined;
    });
  }

  #goOnAfter(error: Error): void {
    if (error instanceof StanzaError) return;
    this.#session.ended.throwIfAborted();
    this.options.signal.throwIfAborted();
  }

  /** What to tell when nobody was found for a file. */
  nobody(jid: string, ...hints: string[]): RecipientUnreachable {
    const lines = [...hints, this.#tried];
    return this.#asOwn(jid, notThere(jid, this.#answer, ...lines), lines);
  }

  /** The same, where nothing was to be sent. */
  nobodyFound(jid: string, ...hints: string[]): RecipientUnreachable {
    const lines = [...hints, this.#tried];
    return this.#asOwn(jid, nobodyFound(jid, this.#answer, ...lines), lines);
  }

  /** Nobody asks of the own account whether the address is right, or lets them in. */
  #asOwn(jid: string, error: RecipientUnreachable, lines: string[]): RecipientUnreachable {
    if (bareJid(jid) !== bareJid(this.#session.jid)) return error;
    return withHints(error, 'start "inband receive" with this account there', ...lines);
  }

  get #tried(): string {
    return `what was tried: ${this.#findings.join('; ')}`;
  }
}
