import { type Clock, systemClock } from '../../session/clock.js';
import { decided, tell } from '../../session/given/callbacks.js';
import { givenCall } from '../../session/given/given-call.js';
import type { Session } from '../../session/session.js';
import type { FileOffer } from '../file-offer.js';
import type { KeyPair } from '../noise/dh25519.js';
import { onlineClock } from '../online-clock.js';
import { SealBroken } from '../seal/seal-broken.js';
import { randomSid } from '../sid.js';
import { cautiousAfter } from './cautious-offer.js';
import { description, mayBeGoneOnWith, readDescription, toldHashes } from './file-description.js';
import { IncomingJingleFile } from './incoming-jingle-file.js';
import { OutgoingJingleFile, type OutgoingOptions } from './outgoing-jingle-file.js';
import { hearWhy } from './security/hear-why.js';
import { SealedAnswer } from './security/sealed-answer.js';
import { checkSeal, SealedOffer, type SealedTo } from './security/sealed-offer.js';
import { type OpenedContent, PLAIN_ANSWER, plainOffer } from './security/security.js';
import type { JingleSession } from './session/jingle-session.js';
import { JingleSessions } from './session/jingle-sessions.js';
import type { Reason } from './stanzas.js';
import type { TransportSettings } from './transports/settings.js';
import type { Transport } from './transports/transport.js';
import { whyDeclined } from './unfit-offers.js';

/** How one file is offered, and how its channel is to be. */
export interface JingleOfferOptions extends TransportSettings {
  /** An NMTOKEN that was agreed on before (XEP-0353 §3.6). Default: a random one. */
  sid?: string | undefined;
  /** Milliseconds until the peer must have accepted: people think. Default 300,000. */
  timeout?: number | undefined;
  /** Aborted: the offer is taken back, and what was accepted is cancelled; the recipient hears so. */
  signal?: AbortSignal | undefined;
  /** Absent: it travels as it is. `undefined` is refused with a RangeError: a key that was not found is no reason for that. */
  seal?: SealedTo;
  /** Called when the peer asks after the Jingle session, as it does while it is at work on the file. */
  onWork?: (() => void) | undefined;
  /** Called, and waited for, before it is offered once more; throws where it must not be. */
  mayOffer?: (() => void | Promise<void>) | undefined;
  /** Which of the transports may carry it. Default: all. */
  mayUse?: ((transport: Transport) => boolean) | undefined;
}

/** Jingle File Transfer (XEP-0234), both roles: one file a Jingle session. */
export class JingleFileTransfers {
  /**
   * Called with each file that a peer offers. What it throws, or rejects with, breaks the transfer off (`general-error`),
   * and is told `onError` of `connect`.
   */
  onOffer: (file: IncomingJingleFile) => void = (file) => file.decline();
  /**
   * Told of each offer that is refused unseen, and why. The reason has a peer's words in it, cut to what fits a line.
   */
  onRefused: (peer: string, why: string) => void = () => undefined;
  /** Asked before an offer of a peer's is looked at; answers at once. */
  mayOffer: (peer: string) => boolean = () => true;
  /** Which of the transports may carry what peers offer; answers at once. */
  mayUse: (transport: Transport, isSealed: boolean) => boolean = () => true;
  /** Opens offers that are sealed for it; without one these are refused. */
  key: KeyPair | undefined;
  readonly #session: Session;
  readonly #transports: readonly Transport[];
  readonly #jingleSessions: JingleSessions;
  readonly #clock: Clock;

  /** `transports`: how files may travel, best first. */
  constructor(session: Session, transports: readonly Transport[], clock: Clock = systemClock) {
    this.#session = session;
    this.#transports = transports;
    this.#clock = onlineClock(session, clock);
    this.#jingleSessions = new JingleSessions(session);
    this.#jingleSessions.onInitiate = (initiated) => this.#initiated(initiated);
    this.#jingleSessions.onRefused = (peer, why) => this.#tell(() => this.onRefused(peer, why));
    this.#jingleSessions.mayInitiate = (peer) => decided(this.mayOffer(peer), 'mayOffer');
  }

  /**
   * Offers a file to a full JID; resolves when the peer has accepted and the bytestream is open. What the peer may not
   * have been able to use is offered once more, with cautious settings. Rejects with `StanzaError`, with `JingleEnded`
   * when the peer does not want it, with `OfferUnanswered`, with `ChannelNotOpened`, with RangeError for settings that no
   * transport takes, and as `request` does.
   */
  async offer(
    peer: string,
    file: FileOffer,
    given: JingleOfferOptions = {},
  ): Promise<OutgoingJingleFile> {
    const options = givenCall(given);
    checkSeal(options);
    try {
      return await this.#offer(peer, file, options);
    } catch (error) {
      const cautious = cautiousAfter(error as Error, this.#usable(options.mayUse), options);
      if (!cautious || options.signal?.aborted) throw error;
      await options.mayOffer?.();
      return this.offer(peer, file, { ...cautious, sid: randomSid() });
    }
  }

  async #offer(
    peer: string,
    file: FileOffer,
    options: JingleOfferOptions,
  ): Promise<OutgoingJingleFile> {
    const { sid = randomSid(), timeout = 300_000, signal, seal, ...others } = options;
    const { mayOffer, mayUse, onWork, ...settings } = others;
    signal?.throwIfAborted();
    const transports = this.#usable(mayUse);
    const range = mayBeGoneOnWith(file) ? { offset: 0 } : undefined;
    const parties = { initiator: this.#session.jid, responder: peer, sid };
    const security = seal
      ? new SealedOffer(file, range, parties, seal)
      : plainOffer(description(file, range));
    const jingleSession = this.#jingleSessions.create(peer, sid, {
      ...{ creator: 'initiator', name: 'file', senders: 'initiator' },
      ...{ description: undefined, transport: undefined, security: undefined },
    });
    const offered = { transports, settings, security, onWork: () => this.#tell(onWork) };
    const outgoing = this.#begin(jingleSession, offered);
    const { isDeclined } = await outgoing.start(timeout, signal);
    if (isDeclined) await hearWhy(outgoing, toldHashes(file.hashes).length > 0);
    return outgoing;
  }

  /**
   * Takes no more offers. The transfers that are there end, here with this error; the peers hear that we are gone,
   * and may try again.
   */
  close(error?: Error): void {
    this.#jingleSessions.close({ condition: 'gone' }, error);
  }

  #initiated(jingleSession: JingleSession): void {
    const file = this.#incoming(jingleSession);
    if (!file) return;
    const failed = (error: Error) => {
      void file.fail({ condition: 'general-error' });
      this.#session.report(error);
    };
    tell(() => this.onOffer(file), failed);
  }

  /** The file that is offered; nothing where it is refused. */
  #incoming(jingleSession: JingleSession): IncomingJingleFile | undefined {
    const isSealed = jingleSession.content.security !== undefined;
    const transports = this.#usable((one) => this.mayUse(one, isSealed));
    const refused = whyDeclined(jingleSession.content, transports, this.key !== undefined);
    if (refused) return this.#refuse(jingleSession, ...refused);
    try {
      const { transport } = jingleSession.content;
      if (!transport) throw new Error('nothing was offered');
      const options = { jingleSession, transports, clock: this.#clock };
      return new IncomingJingleFile(this.#open(jingleSession), transport, options);
    } catch (error) {
      const { message: text } = error as Error;
      const reason = isSealed ? SEALED_OTHERWISE : { condition: 'incompatible-parameters', text };
      return this.#refuse(jingleSession, reason, text);
    }
  }

  #usable(mayUse: (transport: Transport) => boolean = () => true): Transport[] {
    return this.#transports.filter((one) => decided(mayUse(one), 'mayUse'));
  }

  /** Throws `StanzaError`, and `SealBroken`. */
  #open({ content, peer, sid }: JingleSession): OpenedContent {
    const { description, security } = content;
    if (security && this.key) {
      const parties = { initiator: peer, responder: this.#session.jid, sid };
      const answer = new SealedAnswer(parties, this.key, security);
      return { file: answer.file, security: answer };
    }
    if (!description || security) throw new SealBroken();
    return { file: readDescription(description), security: PLAIN_ANSWER };
  }

  /** Throws RangeError for settings that no transport takes; the peer has not heard of the Jingle session then. */
  #begin(
    jingleSession: JingleSession,
    offered: Pick<OutgoingOptions, 'transports' | 'settings' | 'security' | 'onWork'>,
  ): OutgoingJingleFile {
    try {
      return new OutgoingJingleFile({ jingleSession, clock: this.#clock, ...offered });
    } catch (error) {
      jingleSession.end(error as Error);
      throw error;
    }
  }

  #refuse(jingleSession: JingleSession, reason: Reason, why: string): undefined {
    void jingleSession.terminate(reason);
    this.#tell(() => this.onRefused(jingleSession.peer, why));
  }

  #tell(callback: () => unknown = () => undefined): void {
    tell(callback, (error) => this.#session.report(error));
  }
}

/** The only answer to a sealed offer that is wrong, whatever is wrong with it. */
const SEALED_OTHERWISE: Reason = { condition: 'security-error' };
