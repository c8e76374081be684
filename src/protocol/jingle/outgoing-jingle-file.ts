import type { Clock } from '../../session/clock.js';
import type { Element } from '../../session/xml.js';
import type { Channel } from '../channel.js';
import { badRequest } from '../conditions.js';
import type { FileRange } from '../file-offer.js';
import { type Agreement, WHOLE_FILE } from './agreement.js';
import { type OfferSecurity, unlessBroken } from './security/security.js';
import { later } from './session/actions.js';
import { JingleEnded } from './session/jingle-ended.js';
import type { JingleSession } from './session/jingle-session.js';
import type { Content, Reason } from './stanzas.js';
import { mustBeKnown, OFFERED_MS, pingWhenStalled } from './still-known.js';
import { ContentChannel, type ContentChannelOptions } from './transports/content-channel.js';
import { type Confirmation, Verdict } from './verdict.js';
import { Waker } from './waker.js';
import { OfferUnanswered, reasonOf } from './why-not-sent.js';

export interface OutgoingOptions extends Omit<ContentChannelOptions, 'mayReplace'> {
  security: OfferSecurity;
  /** See `JingleOfferOptions`. */
  onWork?: (() => void) | undefined;
}

/** A file that was offered by Jingle. */
export class OutgoingJingleFile {
  readonly #security: OfferSecurity;
  readonly #jingleSession: JingleSession;
  readonly #clock: Clock;
  readonly #contentChannel: ContentChannel;
  #agreed: Agreement = WHOLE_FILE;
  #channel: Channel | undefined;
  /** Aborted when the Jingle session has ended otherwise than with the recipient's success. */
  readonly #broken = new AbortController();
  /** Aborted when the recipient has all blocks; from then on the verdict asks whether it is there. */
  readonly #allSent = new AbortController();
  #isAccepted = false;
  #isOpening = false;
  readonly #verdict: Verdict;
  /** Wakes the one who waits for the peer's answer. */
  readonly #waker: Waker;

  /** @internal */
  constructor(options: OutgoingOptions) {
    const { jingleSession, clock, security, onWork } = options;
    this.#jingleSession = jingleSession;
    this.#security = security;
    this.#contentChannel = new ContentChannel({
      ...options,
      // While one is being opened, only by another transport.
      mayReplace: (_proposed, isSameTransport) => !(this.#isAccepted && isSameTransport),
    });
    this.#clock = clock;
    this.#waker = new Waker(clock);
    this.#verdict = new Verdict(jingleSession, clock, {
      handedOver: () => this.#handedOver,
      toCome: () => this.#agreed.toCome,
      believesSuccess: security.believesSuccess,
    });
    jingleSession.handlers = {
      accepted: (content) => unlessBroken(jingleSession, () => this.#takeAnswer(content)),
      believed: (reason) => security.believed(reason),
      pinged: () => {
        onWork?.();
        this.#channel?.assumeAtWork?.();
      },
      informed: (info) => unlessBroken(jingleSession, () => this.#takeInfo(info)),
      transportInformed: (element) => this.#contentChannel.takeInfo(element),
      replaced: (element) => this.#contentChannel.takeReplacement(element),
    };
    jingleSession.ended.addEventListener('abort', () => {
      this.#waker.wake();
      // Some are content before they acknowledge the last blocks, and know no close after that.
      if (this.#verdict.isContent) return this.#channel?.assumeTaken(this.#handedOver);
      this.#broken.abort(jingleSession.ended.reason);
      this.#leave(jingleSession.ended.reason);
    });
  }

  /** Takes the bytes of the range; ending it closes the bytestream. */
  get channel(): Channel {
    if (!this.#channel) throw new Error('the file was not accepted');
    return this.#channel;
  }

  /** The part that the recipient wants, in bytes. */
  get range(): FileRange {
    return this.#agreed.range;
  }

  /** The recipient has the whole file from an earlier transfer, it says: nothing is to come. */
  get isThere(): boolean {
    return this.#agreed.isThere;
  }

  /** @internal Offers it, waits `timeout` ms for the answer, and opens the bytestream. See `JingleFileTransfers.offer`. */
  async start(timeout: number, signal?: AbortSignal): Promise<Agreement> {
    const cancel = () => void this.#jingleSession.terminate({ condition: 'cancel' });
    signal?.addEventListener('abort', cancel, { signal: this.#jingleSession.ended });
    try {
      await this.#jingleSession.initiate(async () =>
        this.#security.offer(await this.#contentChannel.describe()),
      );
      await this.#answer(timeout);
      const { leavesNothing } = this.#agreed;
      this.#isOpening = true;
      const opened = this.#contentChannel.open(this.#broken.signal);
      // A recipient whose connection is a new one knows nothing of the Jingle session. It may accept the bytestream for
      // its own sake, and would take the rest of a file for a whole one.
      if (this.range.offset > 0 && !leavesNothing) void this.#jingleSession.ping();
      const channel = await opened;
      this.#channel = channel;
      if (leavesNothing) await mustBeKnown(this.#jingleSession, this.#verdict.isThere);
      // It may have happened at the same moment.
      this.#broken.signal.throwIfAborted();
      void pingWhenStalled(this.#jingleSession, channel, this.#clock, this.#allSent.signal);
      return this.#agreed;
    } catch (error) {
      this.#leave(error as Error);
      signal?.throwIfAborted();
      void this.#jingleSession.terminate(this.#security.outside(reasonOf(error as Error)));
      throw error;
    }
  }

  /** §8.2: tells the hashes that were not known before. */
  async sendHashes(hashes: ReadonlyMap<string, Buffer>): Promise<void> {
    await this.#security.tellHashes(this.#jingleSession, hashes);
  }

  /**
   * What the recipient says of the file, when it has all blocks. Rejects with `FileUnconfirmed` when it says nothing,
   * and with `JingleEnded` or `ChannelLost`.
   */
  async confirmed(): Promise<Confirmation> {
    const { channel } = this;
    this.#allSent.abort();
    try {
      const said = await this.#verdict.on(channel);
      if (said === 'received') void this.#jingleSession.terminate({ condition: 'success' });
      return said;
    } catch (error) {
      // Not done: the Jingle session does not end with our success, whatever was acknowledged.
      void this.#jingleSession.terminate(this.#security.outside(reasonOf(error as Error)));
      throw error;
    } finally {
      channel.abandon(); // it has done its work
    }
  }

  /** Breaks the transfer off; the peer is told why. */
  async cancel(reason: Reason): Promise<void> {
    await this.#jingleSession.terminate(reason);
  }

  /** A recipient that has lost the Jingle session may still have the bytestream, and must not take it as whole. */
  #leave(why: Error): void {
    const isGone = why instanceof JingleEnded && why.reason.condition === 'gone';
    if (isGone) this.#channel?.destroy(why);
    else this.#channel?.abandon(why);
  }

  /** Bytes that were sent, whether the recipient has acknowledged them or not; -1 before there was a way for any. */
  get #handedOver(): number {
    if (!this.#channel) return this.#isOpening ? 0 : -1;
    return this.#channel.bytesSent + this.#channel.bytesUnderWay;
  }

  async #answer(timeout: number): Promise<void> {
    const { ended, peer } = this.#jingleSession;
    const until = this.#clock.now() + timeout;
    for (let pause = OFFERED_MS.first; !this.#isAccepted; pause = OFFERED_MS.later) {
      ended.throwIfAborted();
      const rest = until - this.#clock.now();
      if (rest <= 0) throw new OfferUnanswered(`${peer} did not say whether it wants the file`);
      await this.#waker.wait(Math.min(rest, pause));
      if (!this.#isAccepted && !ended.aborted) void this.#jingleSession.ping();
    }
  }

  #takeAnswer(answer: Content): void {
    if (!answer.transport) throw badRequest('accept what was offered');
    const { agreed, inside } = this.#security.answered(answer);
    this.#contentChannel.agreed({ outside: answer.transport, inside });
    this.#agreed = agreed;
    this.#isAccepted = true;
    this.#waker.wake();
  }

  #takeInfo(info: Element): void {
    const said = this.#security.heard(this.#jingleSession, info);
    if (!said.isReceived) {
      const why = new JingleEnded(said.reason, false);
      const end = () => this.#jingleSession.terminate({ condition: 'cancel' }, why);
      return later(this.#jingleSession, end);
    }
    this.#verdict.received(this.#handedOver);
    this.#channel?.assumeTaken(this.#handedOver);
  }
}
