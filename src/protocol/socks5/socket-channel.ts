import { Duplex } from 'node:stream';
import type { Clock } from '../../session/clock.js';
import { type Channel, ChannelBroken, ChannelOverrun, CloseUnconfirmed } from '../channel.js';
import type { Socket } from '../network/network.js';
import { readToEnd } from '../read-to-end.js';
import { Closes } from './closes.js';
import { Patience } from './patience.js';
import { whyClosed } from './why-closed.js';

/** How long a silent peer may take to close after us: the system may have some MB of ours for a line of a few kB/s. */
const CLOSE_MS = 600_000;

/** How long nothing comes any more when the peer has said elsewhere that nothing does. */
const LATE_MS = 3_000;

interface SocketChannelOptions extends Required<Pick<Channel, 'peer' | 'lane'>> {
  /** We are the party that opens the channel, as `Channel` means it; the connection may be the peer's. */
  isOpener: boolean;
  /** See `Closes`. */
  isRelayed: boolean;
  clock: Clock;
}

/**
 * A connection between two parties that nothing else goes over: XEP-0065 once there is a way. TCP acknowledges by
 * itself, and tells nobody: what counts here as acknowledged is what the system has taken. The peer's close answers ours.
 */
export class SocketChannel extends Duplex implements Channel {
  readonly peer: string;
  readonly lane: string;
  readonly provenBlock = 0;
  readonly unprovenBlock = 0;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #closes: Closes;
  readonly #over = new AbortController();
  readonly #patience: Patience;
  #bytesSent = 0;
  #bytesUnderWay = 0;
  #bytesReceived = 0;
  #endsAt = Number.POSITIVE_INFINITY;
  #isWanted = false;
  #isEnded = false;
  override [Symbol.asyncIterator] = readToEnd;

  constructor(socket: Socket, { peer, isOpener, lane, isRelayed, clock }: SocketChannelOptions) {
    // Nothing is read ahead: a reader that is slow stops the peer.
    super({ readableHighWaterMark: 0, allowHalfOpen: !isOpener });
    this.peer = peer;
    this.lane = lane;
    this.#socket = socket;
    this.#clock = clock;
    this.#closes = new Closes(isRelayed);
    this.#patience = new Patience(clock, CLOSE_MS);
    // It may break while nobody listens yet; reading and writing tell of the error all the same.
    this.on('error', () => undefined);
    socket.on('readable', () => this.#deliver());
    socket.on('end', () => this.#closed());
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#failed(new Error('the connection was closed')));
  }

  get bytesSent(): number {
    return this.#bytesSent;
  }

  get bytesUnderWay(): number {
    return this.#bytesUnderWay;
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** The reader waits for bytes, and there are none. */
  get isWaiting(): boolean {
    return this.#isWanted && !this.#isEnded;
  }

  get closeAcknowledged(): boolean {
    return this.#closes.isAcknowledged;
  }

  get peerClosed(): Promise<void> {
    return this.#closes.peerClosed;
  }

  endAt(bytes: number): void {
    this.#endsAt = bytes;
    this.#deliver();
  }

  acknowledgeClose(): Promise<void> {
    return this.peerClosed.then(() => {
      if (!this.destroyed) this.end();
    });
  }

  /** What the peer says elsewhere may be faster than its bytes, so that these are waited for. */
  assumeClosed(): void {
    void this.#endWhenSilent();
  }

  assumeTaken(bytes: number): void {
    this.#closes.taken(bytes, this.#bytesSent + this.#bytesUnderWay);
  }

  assumeAtWork(): void {
    this.#patience.renew();
  }

  abandon(error?: Error): void {
    this.destroy(error);
  }

  override _read(): void {
    this.#isWanted = true;
    this.#deliver();
  }

  #deliver(): void {
    const isAtEnd = this.#bytesReceived === this.#endsAt;
    if (isAtEnd) this.#end();
    // Behind the end there is nothing but the peer's close.
    if (this.destroyed || !(this.#isWanted || isAtEnd)) return;
    const bytes: Buffer | null = this.#socket.read();
    if (!bytes) return;
    if (this.#bytesReceived + bytes.length > this.#endsAt) {
      this.destroy(new ChannelOverrun(this.#bytesUnderWay));
      return;
    }
    this.#bytesReceived += bytes.length;
    this.#isWanted = false;
    this.push(bytes);
    if (this.#bytesReceived === this.#endsAt) this.#deliver();
  }

  #end(): void {
    if (this.#isEnded || this.destroyed) return;
    this.#isEnded = true;
    this.push(null);
  }

  /** The peer sends nothing more: it has closed, or answers our close. */
  #closed(): void {
    const isTooShort = Number.isFinite(this.#endsAt) && this.#bytesReceived < this.#endsAt;
    if (isTooShort) {
      this.destroy(ChannelBroken.byEarlyClose(this.#bytesUnderWay));
      return;
    }
    this.#end();
    this.#closes.peers();
  }

  async #endWhenSilent(): Promise<void> {
    let before = -1;
    while (!this.#isEnded && before !== this.#bytesReceived) {
      before = this.#bytesReceived;
      // Cut short, it is over.
      await this.#clock.sleep(LATE_MS, this.#over.signal).catch(() => undefined);
    }
    this.#closes.none();
    this.#end();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#bytesUnderWay += bytes.length;
    this.#socket.write(bytes, (error) => {
      if (error) return this.#failed(error);
      this.#bytesUnderWay -= bytes.length;
      this.#bytesSent += bytes.length;
      this.emit('acknowledged');
      done();
    });
  }

  override _final(done: () => void): void {
    this.#socket.end();
    this.#closes.ours(this.#bytesSent, done);
    void this.#patience.ends(this.#over.signal).then((areOver) => {
      const isMissing = areOver && !this.writableFinished;
      if (isMissing) this.destroy(new CloseUnconfirmed(new Error('no answer')));
    });
  }

  #failed(error: Error): void {
    if (this.destroyed || this.#closes.areBoth) return;
    this.destroy(whyClosed(error, this.#bytesUnderWay));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#over.abort();
    this.#closes.none();
    // Both have closed; otherwise the peer must not take the end for a close.
    if (this.#closes.areBoth) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
    done(error);
  }
}
