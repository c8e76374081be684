import type { Clock } from '../../session/clock.js';
import { awaitedOrNot } from '../../session/given/callbacks.js';
import type { Element } from '../../session/xml.js';
import type { Channel } from '../channel.js';
import { checkOffset } from '../file-offer.js';
import { SealBroken } from '../seal/seal-broken.js';
import { type FileDescription, hashFunctionsOf } from './file-description.js';
import type { AnswerSecurity, OpenedContent } from './security/security.js';
import { JingleEnded } from './session/jingle-ended.js';
import type { JingleSession } from './session/jingle-session.js';
import type { Reason } from './stanzas.js';
import { pingWhenStalled, signsOfWork } from './still-known.js';
import { ContentChannel, type ContentChannelOptions } from './transports/content-channel.js';
import type { Negotiation } from './transports/transport.js';

/** How long a sender that has sent all bytes may take to tell their hash. */
const CHECKSUM_MS = 10_000;

/** How long a sender that knows that we have the file may take to end the Jingle session itself. */
const FAREWELL_MS = 3_000;

/** A file that a peer offers by Jingle; to be accepted or declined. */
export class IncomingJingleFile {
  readonly #jingleSession: JingleSession;
  readonly #clock: Clock;
  /** What the sender says of it. */ readonly offer: FileDescription;
  readonly #security: AnswerSecurity;
  readonly #contentChannel: ContentChannel;
  /** Where the file begins, once it is accepted. */
  #offset: number | undefined;
  #hashes: ReadonlyMap<string, Buffer>;
  #channel: Channel | undefined;
  /** Ends the waiting for a hash. */
  #woken = new AbortController();
  /** To be called as long as the sender has to wait for us: now and then it hears that something is done. */
  readonly atWork: () => void;

  /** @internal Throws `StanzaError` for a transport that cannot be used. */
  constructor(
    { file, security }: OpenedContent,
    transport: Element,
    options: Omit<ContentChannelOptions, 'mayReplace' | 'security'>,
  ) {
    const { jingleSession, clock } = options;
    this.#security = security;
    this.#jingleSession = jingleSession;
    this.#clock = clock;
    this.atWork = signsOfWork(jingleSession, clock);
    this.offer = file;
    this.#hashes = file.hashes ?? new Map();
    const offered = { outside: transport, inside: security.inside };
    const secured = { ...options, security, mayReplace: this.#mayReplace };
    this.#contentChannel = new ContentChannel(secured, offered);
    jingleSession.handlers = {
      informed: (info) => this.#takeInfo(info),
      transportInformed: (element) => this.#contentChannel.takeInfo(element),
      replaced: (element) => this.#contentChannel.takeReplacement(element),
    };
    jingleSession.ended.addEventListener('abort', () => this.#jingleSessionEnded());
  }

  /** The sender's full JID. */ get peer(): string {
    return this.#jingleSession.peer;
  }

  /** Names the channel that brings it. */ get sid(): string {
    return this.#contentChannel.sid;
  }

  /** The sender's key, 32 bytes, if it is sealed. */ get peerKey(): Uint8Array | undefined {
    return this.#security.peerKey;
  }

  /** The sender can start anywhere in the file (§5.3). */ get ranged(): boolean {
    return this.offer.range !== undefined;
  }

  /** Names of the algorithms whose hashes are known, or may become known. */
  get hashFunctions(): readonly string[] {
    return hashFunctionsOf(this.offer);
  }

  /**
   * Accepts it from this byte on (0 unless it is `ranged`); resolves to the channel that brings the rest, whose close
   * `confirm` acknowledges, when what is sealed is proven to be the sender's. `there`, for a sender that knows what
   * that means: there is no rest, as an earlier transfer has brought the file. `declined`, of what is sealed: nothing is
   * wanted, and `fail` says why. Rejects with RangeError for a byte that the sender cannot start at,
   * `ChannelNotOpened`, `JingleEnded`, `SealBroken`, and as `request` does.
   */
  accept(offset = 0, as?: 'there' | 'declined'): Promise<Channel> {
    return awaitedOrNot(this.#accept(offset, as));
  }

  async #accept(offset: number, as?: 'there' | 'declined'): Promise<Channel> {
    checkOffset(offset, this.offer, this.ranged);
    const range = this.ranged ? { offset } : undefined;
    this.#offset = offset;
    try {
      const { alreadyThere, ...file } = this.offer;
      const there = alreadyThere && as === 'there' ? { alreadyThere } : {};
      const transport = await this.#contentChannel.describe();
      const told = { ...file, ...there };
      const parts = this.#security.answer(told, range, transport, as === 'declined');
      const [channel] = await Promise.all([
        // It may be there before the acceptance is acknowledged.
        this.#expect(offset),
        this.#jingleSession.send('session-accept', ...parts),
      ]);
      await this.#security.proven(channel);
      return channel;
    } catch (error) {
      const isBroken = error instanceof SealBroken;
      void this.fail({ condition: isBroken ? 'security-error' : 'failed-transport' });
      throw error;
    }
  }

  /** Refuses it, with `decline` where no reason is given (XEP-0166 §7.4). */
  decline(reason: Reason = { condition: 'decline' }): void {
    void this.#jingleSession.terminate(this.#security.outside(reason));
  }

  /**
   * What the sender says of the bytes: after they came, for some tell it late. Empty where it says nothing. Rejects
   * with what the Jingle session ended with when it was broken off before the sender told what it had announced.
   */
  async hashes(): Promise<ReadonlyMap<string, Buffer>> {
    const { ended } = this.#jingleSession;
    const told = this.#security.toldHashes();
    if (told) return this.#usable(told);
    const isToCome = () => this.#hashes.size === 0 && this.offer.hashFunctions.length > 0;
    if (isToCome() && !ended.aborted) {
      this.#woken = new AbortController();
      const signal = AbortSignal.any([ended, this.#woken.signal]);
      // Cut short by a hash, or by the end, which is thrown below where it matters.
      await this.#clock.sleep(CHECKSUM_MS, signal).catch(() => undefined);
    }
    if (isToCome() && !this.#jingleSession.succeeded) ended.throwIfAborted();
    return this.#hashes;
  }

  /** Tells the sender that the file is there, and ends the Jingle session. `sha256`: of all of it. Always resolves. */
  async confirm(sha256: Uint8Array): Promise<void> {
    const { ended } = this.#jingleSession;
    void this.#channel?.acknowledgeClose();
    const received = this.#security.confirmation(this.#jingleSession, sha256);
    // Not each peer knows what this says.
    if (!ended.aborted) await this.#jingleSession.inform(received).catch(() => undefined);
    // The peer's own end cuts it short: that is what is waited for.
    if (!ended.aborted) await this.#clock.sleep(FAREWELL_MS, ended).catch(() => undefined);
    void this.#jingleSession.terminate({ condition: 'success' });
    this.#channel?.abandon();
  }

  /** Breaks the transfer off; the sender is told why. */
  async fail(reason: Reason): Promise<void> {
    const failure = this.#jingleSession.ended.aborted ? undefined : this.#security.failure(reason);
    const told = failure && this.#jingleSession.inform(failure).catch(() => undefined);
    // Before blocks are refused, which says less. A sender that has begun anew hears nothing here.
    if (told && reason.condition !== 'alternative-session') await told;
    const why = new JingleEnded(reason, true);
    void this.#jingleSession.terminate(this.#security.outside(reason), why);
    // A sender that has ended the Jingle session too early has left the bytestream behind.
    this.#channel?.abandon();
  }

  async #expect(offset: number): Promise<Channel> {
    const channel = await this.#contentChannel.expect(this.#jingleSession.ended);
    this.#channel = channel;
    // A bytestream looks for its peer itself.
    if (channel.lane) void pingWhenStalled(this.#jingleSession, channel, this.#clock);
    if (this.offer.size !== undefined) channel.endAt(this.offer.size - offset);
    return channel;
  }

  /**
   * An inbox that keeps the beginning of a file has noted by which channel the rest comes. A bytestream that is noted
   * nowhere, opened to a program that was started anew, would be taken for a whole file.
   */
  readonly #mayReplace = ({ sid, standsAlone }: Negotiation): boolean =>
    !this.ranged || this.#offset === 0 || !standsAlone || sid === this.sid;

  #takeInfo(info: Element): void {
    const known = this.#usable(this.#security.heard(info));
    // What was offered stays: by it the file was gone on with.
    this.#hashes = new Map([...this.#hashes, ...known, ...(this.offer.hashes ?? [])]);
    if (this.#channel) this.#woken.abort();
  }

  readonly #usable = (told: ReadonlyMap<string, Buffer>) =>
    new Map([...told].filter(([name]) => this.hashFunctions.includes(name)));

  /** Some senders end the Jingle session, and with it the bytestream, as soon as their last block is acknowledged. */
  #jingleSessionEnded(): void {
    const channel = this.#channel;
    if (!channel || channel.destroyed) return;
    if (!this.#jingleSession.succeeded) return channel.abandon(this.#jingleSession.ended.reason);
    channel.assumeClosed();
  }
}
