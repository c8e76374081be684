import { type Clock, systemClock } from '../../session/clock.js';
import { RequestTimeout } from '../../session/requests.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { isRefusal } from '../conditions.js';
import type { FileOffer } from '../file-offer.js';
import type { KeyPair } from '../noise/dh25519.js';
import { onlineClock } from '../online-clock.js';
import { SealBroken } from '../seal/seal-broken.js';
import { randomSid } from '../sid.js';
import { description, readDescription, toldHashes } from './file-description.js';
import { IncomingJingleFile } from './incoming-jingle-file.js';
import { OutgoingJingleFile, type OutgoingOptions } from './outgoing-jingle-file.js';
import { SealedAnswer } from './security/sealed-answer.js';
import { SealedOffer, type SealedTo } from './security/sealed-offer.js';
import { type OpenedContent, PLAIN_ANSWER, plainOffer } from './security/security.js';
import { JingleEnded } from './session/jingle-ended.js';
import type { JingleSession } from './session/jingle-session.js';
import { JingleSessions } from './session/jingle-sessions.js';
import type { Reason } from './stanzas.js';
import type { TransportSettings } from './transports/settings.js';
import type { Transport } from './transports/transport.js';
import { whyRefused } from './unfit-offers.js';

export interface JingleOfferOptions extends TransportSettings {
  /** An NMTOKEN that was agreed on before (XEP-0353 §3.6). Default: a random one. */
  sid?: string;
  /** Milliseconds until the peer must have accepted: people think. Default 300,000. */
  timeout?: number;
  signal?: AbortSignal;
  /** Absent: it travels as it is. */
  seal?: SealedTo | undefined;
  /** Called before it is offered once more; throws where it must not be. */
  mayOffer?: (() => void) | undefined;
}

/** Jingle File Transfer (XEP-0234), both roles: one file a Jingle session. */
export class JingleFileTransfers {
  /** Called with each file that a peer offers. */
  onOffer: (file: IncomingJingleFile) => void = (file) => file.decline();
  /**
   * Told of each offer that is refused unseen, and why. The reason has a peer's words in it, cut to what fits a line.
   */
  onRefused: (peer: string, why: string) => void = () => undefined;
  /** Asked before an offer of a peer's is looked at. */
  mayOffer: (peer: string) => boolean = () => true;
  /** Opens offers that are sealed for it; without one these are refused. */
  key: KeyPair | undefined;
  readonly #session: Session;
  readonly #transports: readonly Transport[];
  readonly #jingleSessions: JingleSessions;
  readonly #clock: Clock;

  /** `transports`: how files may travel, best first. */
  constructor(session: Session, transports: readonly Transport[], clock = systemClock) {
    this.#session = session;
    this.#transports = transports;
    this.#clock = onlineClock(session, clock);
    this.#jingleSessions = new JingleSessions(session);
    this.#jingleSessions.onInitiate = (initiated) => this.#initiated(initiated);
    this.#jingleSessions.onRefused = (peer, why) => this.onRefused(peer, why);
    this.#jingleSessions.mayInitiate = (peer) => this.mayOffer(peer);
  }

  /**
   * Offers a file to a full JID; resolves when the peer has accepted and the bytestream is open. What the peer may not
   * have been able to use is offered once more, with cautious settings. Rejects with `StanzaError`, with `JingleEnded`
   * when the peer does not want it, with `OfferUnanswered`, with RangeError for settings that no transport takes, and as
   * `request` does.
   */
  async offer(
    peer: string,
    file: FileOffer,
    options: JingleOfferOptions = {},
  ): Promise<OutgoingJingleFile> {
    try {
      return await this.#offer(peer, file, options);
    } catch (error) {
      const cautious = mayBeOfSettings(error as Error) ? this.#cautious(options) : undefined;
      if (!cautious || options.signal?.aborted) throw error;
      options.mayOffer?.();
      return this.#offer(peer, file, { ...cautious, sid: randomSid() });
    }
  }

  /** This offer with settings that each peer knows; nothing where it has such already. */
  #cautious(options: JingleOfferOptions): JingleOfferOptions | undefined {
    const [best] = this.#transports;
    const settings = best?.cautious?.(options);
    return settings && { ...options, ...settings };
  }

  async #offer(
    peer: string,
    file: FileOffer,
    options: JingleOfferOptions,
  ): Promise<OutgoingJingleFile> {
    const { sid = randomSid(), timeout = 300_000, signal, seal, mayOffer, ...settings } = options;
    signal?.throwIfAborted();
    const range = mayBeGoneOnWith(file) ? { offset: 0 } : undefined;
    const parties = { initiator: this.#session.jid, responder: peer, sid };
    const security = seal
      ? new SealedOffer(file, range, parties, seal)
      : plainOffer(description(file, range));
    const jingleSession = this.#jingleSessions.create(peer, sid, {
      ...{ creator: 'initiator', name: 'file', senders: 'initiator', transport: undefined },
      ...{ description: security.description, security: security.element },
    });
    const outgoing = this.#begin(jingleSession, { settings, security });
    await outgoing.start(timeout, signal);
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
    const refused = whyRefused(jingleSession.content, this.#transports, this.key !== undefined);
    if (refused) return this.#refuse(jingleSession, ...refused);
    try {
      const { transport } = jingleSession.content;
      if (!transport) throw new Error('nothing was offered');
      const opened = this.#open(jingleSession);
      const options = { jingleSession, transports: this.#transports, clock: this.#clock };
      this.onOffer(new IncomingJingleFile(opened, transport, options));
    } catch (error) {
      const { message: text } = error as Error;
      if (jingleSession.content.security)
        return this.#refuse(jingleSession, SEALED_OTHERWISE, text);
      this.#refuse(jingleSession, { condition: 'incompatible-parameters', text }, text);
    }
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
    offered: Pick<OutgoingOptions, 'settings' | 'security'>,
  ): OutgoingJingleFile {
    const [transports, clock] = [this.#transports, this.#clock];
    try {
      return new OutgoingJingleFile({ jingleSession, transports, clock, ...offered });
    } catch (error) {
      jingleSession.end(error as Error);
      throw error;
    }
  }

  #refuse(jingleSession: JingleSession, reason: Reason, why: string): void {
    void jingleSession.terminate(reason);
    this.onRefused(jingleSession.peer, why);
  }
}

/** Reasons that do not tell what the peer makes of an offer: somebody said no, or nothing, or is not there any more. */
const OTHER_REASONS = new Set([
  ...['busy', 'cancel', 'decline', 'expired', 'gone', 'timeout'],
  // What was sealed was not opened.
  'security-error',
]);

/** The only answer to a sealed offer that is wrong, whatever is wrong with it. */
const SEALED_OTHERWISE: Reason = { condition: 'security-error' };

/**
 * Whether an offer may have failed because of how the bytes were to travel, which not each program has words for. One
 * that was accepted and lost is another matter.
 */
function mayBeOfSettings(error: Error): boolean {
  if (!(error instanceof JingleEnded)) {
    return error instanceof RequestTimeout || (error instanceof StanzaError && !isRefusal(error));
  }
  const { byUs, reason } = error;
  return !byUs && !reason.specific && !OTHER_REASONS.has(reason.condition);
}

/** Without a hash that is told nobody can know whether what is there is of the same file. */
const mayBeGoneOnWith = ({ size, hashes }: FileOffer): boolean =>
  size !== undefined && toldHashes(hashes).length > 0;
