import type { Clock } from '../../session/clock.js';
import { type Channel, ChannelLost } from '../channel.js';
import { JingleEnded } from './session/jingle-ended.js';
import type { JingleSession } from './session/jingle-session.js';
import { Waker } from './waker.js';

/** The recipient has all bytes of the file, is there, and has not said that it has kept them. */
export class FileUnconfirmed extends Error {
  override readonly name = 'FileUnconfirmed';
}

/**
 * What the recipient of a file says of it: that it has it (`received`, XEP-0234 §8.1), or that it is content with how
 * the Jingle session went.
 */
export type Confirmation = 'received' | 'success';

/** How long a recipient that has every block may be silent: as long as a full disk may take to sync. */
const CONFIRM_MS = 60_000;

/** While it is silent, it is asked whether it is there. */
const PING_MS = 10_000;

interface VerdictOptions {
  /** How many bytes have been sent to the recipient, acknowledged or not. */
  handedOver: () => number;
  /** How many are to be sent in all, if that is known. */
  toCome: () => number | undefined;
  /**
   * Whether the end of the Jingle session with success says something. Otherwise that counts only of a file that was
   * received.
   */
  believesSuccess: boolean;
}

/** Listens to what the recipient of a file says of it. */
export class Verdict {
  readonly #jingleSession: JingleSession;
  readonly #clock: Clock;
  readonly #waker: Waker;
  /** Bytes that the recipient could have when it said so. */
  #receivedAfter = -1;
  #endedAfter = -1;
  #isMute = false;
  readonly #believesSuccess: boolean;
  readonly #toCome: () => number | undefined;
  #resolve: (isThere: true) => void = () => undefined;
  /** Resolves when the recipient says for the first time that it has the file. */
  readonly isThere = new Promise<true>((resolve) => {
    this.#resolve = resolve;
  });

  constructor(
    jingleSession: JingleSession,
    clock: Clock,
    { handedOver, toCome, believesSuccess }: VerdictOptions,
  ) {
    this.#jingleSession = jingleSession;
    this.#believesSuccess = believesSuccess;
    this.#toCome = toCome;
    this.#clock = clock;
    this.#waker = new Waker(clock);
    jingleSession.ended.addEventListener('abort', () => {
      this.#endedAfter = handedOver();
      this.#waker.wake();
    });
  }

  /** The recipient says that it has the file, after this many bytes. */
  received(bytes: number): void {
    this.#receivedAfter = bytes;
    this.#resolve(true);
    this.#waker.wake();
  }

  /** The Jingle session has ended as that of a file that is there, all of which has been sent. */
  get isContent(): boolean {
    const isEarly = Math.max(this.#endedAfter, 0) < (this.#toCome() ?? 0);
    const isBelieved = this.#believesSuccess || this.#receivedAfter >= 0;
    return this.#jingleSession.succeeded && isBelieved && !isEarly;
  }

  /**
   * Waits for what the recipient says when it has all blocks. What it has said before is about less than the file, and
   * does not count. Rejects with `FileUnconfirmed` or `ChannelLost` when it says nothing, and with what the Jingle
   * session ended with, unless that is the recipient's success.
   */
  async on(channel: Channel): Promise<Confirmation> {
    const { ended } = await this.#heard(channel);
    if (this.#hasReceived(channel)) return 'received';
    if (!ended.aborted) throw this.#silence(channel);
    if (!this.#jingleSession.succeeded || !this.#believesSuccess) throw ended.reason;
    if (this.#endedAfter < channel.bytesSent) throw new JingleEnded(TOO_EARLY, false);
    return 'success';
  }

  async #heard(channel: Channel): Promise<JingleSession> {
    const isOver = () =>
      this.#hasReceived(channel) || this.#jingleSession.ended.aborted || this.#isMute;
    const until = this.#clock.now() + CONFIRM_MS;
    for (let rest = CONFIRM_MS; !isOver() && rest > 0; rest = until - this.#clock.now()) {
      await this.#waker.wait(Math.min(rest, PING_MS));
      if (!isOver()) void this.#ping();
    }
    return this.#jingleSession;
  }

  #hasReceived({ bytesSent }: Channel): boolean {
    return this.#receivedAfter >= bytesSent;
  }

  #silence({ closeAcknowledged }: Channel): Error {
    if (this.#isMute || !closeAcknowledged) {
      return new ChannelLost('the recipient did not say whether it has the file');
    }
    return new FileUnconfirmed(
      `${this.#jingleSession.peer} took all bytes and did not say that it has kept the file, so it may not have it`,
    );
  }

  async #ping(): Promise<void> {
    if (await this.#jingleSession.ping()) return;
    this.#isMute = true;
    this.#waker.wake();
  }
}

const TOO_EARLY = { condition: 'success', text: 'said before all of the file was sent' };
