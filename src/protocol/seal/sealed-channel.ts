import { Duplex } from 'node:stream';
import { type Channel, ChannelBroken, ChannelOverrun, type InBlocks } from '../channel.js';
import { readToEnd } from '../read-to-end.js';
import type { OpenedFile } from './opened-file.js';
import { SealBroken } from './seal-broken.js';
import type { SealedFile } from './sealed-file.js';

/** The sender's side, or the recipient's: a file goes one way. */
type SealedSide = { sealed: SealedFile } | { opened: OpenedFile };

/** Sealed at a time, at most: as much as is read of a file. */
const PIECE_BYTES = 256 * 1024;

/**
 * The bytes of a file, sealed, over any channel; it counts bytes of the file. The sender writes, and the recipient reads.
 * The readable side ends with the message that says so, whatever the channel below does: if that ends before, it was broken
 * off (`ChannelBroken`), and nothing altered. The channel below is read as by any reader, so that it acknowledges what
 * waits here for the rest of its message.
 */
export class SealedChannel extends Duplex implements Channel {
  readonly #below: Channel;
  readonly #sealed: SealedFile | undefined;
  readonly #opened: OpenedFile | undefined;
  readonly #blocks: AsyncIterator<Buffer>;
  #bytesReceived = 0;
  #pace: ((bytes: number) => Promise<void>) | undefined;
  #endsAt = Number.POSITIVE_INFINITY;
  override [Symbol.asyncIterator] = readToEnd;

  constructor(below: Channel, side: SealedSide) {
    // Nothing is read ahead: what is in the readable buffer would count as dealt with. And whoever writes may use the
    // memory of it again when there is room for more.
    super({ readableHighWaterMark: 0, writableHighWaterMark: 1 });
    this.#below = below;
    this.#sealed = 'sealed' in side ? side.sealed : undefined;
    this.#opened = 'opened' in side ? side.opened : undefined;
    this.#blocks = below.iterator({ destroyOnReturn: false });
    // It may fail while nobody listens yet; reading and writing tell of the error all the same.
    this.on('error', () => undefined);
    below.on('error', (error) => this.destroy(error));
    below.on('close', () => this.#closedBelow());
    below.on('acknowledged', () => this.emit('acknowledged'));
  }

  get peer(): string {
    return this.#below.peer;
  }

  get bytesSent(): number {
    return this.#sealed?.acknowledged.arrived(this.#below.bytesSent) ?? 0;
  }

  get provenBlock(): number {
    return this.#below.provenBlock;
  }

  get unprovenBlock(): number {
    return this.#below.unprovenBlock;
  }

  get inBlocks(): InBlocks | undefined {
    return this.#below.inBlocks;
  }

  get lane(): string | undefined {
    return this.#below.lane;
  }

  get bytesUnderWay(): number {
    const left = this.#below.bytesSent + this.#below.bytesUnderWay;
    return (this.#sealed?.acknowledged.left(left) ?? 0) - this.bytesSent;
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  get closeAcknowledged(): boolean {
    return this.#below.closeAcknowledged;
  }

  get peerClosed(): Promise<void> {
    return this.#below.peerClosed;
  }

  /** What the sender has said of the hash, in XML, if the offer had none. It is there when the readable side ends. */
  get checksum(): string | undefined {
    return this.#opened?.checksum;
  }

  /** Tells the hash, in XML, before `end`. Throws where the offer had one. */
  tellChecksum(element: string): void {
    this.#sealed?.tellChecksum(element);
  }

  paceArrivals(pace: (bytes: number) => Promise<void>): void {
    this.#pace = pace;
  }

  endAt(bytes: number): void {
    this.#endsAt = bytes;
  }

  acknowledgeClose(): Promise<void> {
    return this.#below.acknowledgeClose();
  }

  /** The peer's word is not sealed: it ends the channel below, and this one only if all was there. */
  assumeClosed(): void {
    this.#below.assumeClosed();
  }

  /** To be called for a sealed verdict alone, which is about the file: all that was sent has come, and the end with it. */
  assumeTaken(bytes: number): void {
    if (bytes < this.bytesSent + this.bytesUnderWay) return;
    this.#below.assumeTaken(this.#below.bytesSent + this.#below.bytesUnderWay);
  }

  /** Whoever says so in the peer's place can do no more than have us wait. */
  assumeAtWork(): void {
    this.#below.assumeAtWork?.();
  }

  abandon(error?: Error): void {
    this.#below.abandon(error);
    this.destroy(error);
  }

  override _read(): void {
    this.#deliver().catch((error) => this.destroy(error));
  }

  /** Pushes what is in the next messages, or the end. */
  async #deliver(): Promise<void> {
    do {
      const bytes = this.#opened?.next();
      if (bytes?.length) return this.#take(bytes);
    } while (!this.#opened?.isWhole && (await this.#takeBlock()));
    if (this.#opened && !this.#opened.isWhole) throw ChannelBroken.byEarlyClose(0);
    this.push(null);
    while (await this.#takeBlock()); // it throws for what comes behind the end
  }

  /** Returns whether there was one. Throws `SealBroken` for one that may not come. */
  async #takeBlock(): Promise<boolean> {
    const { done, value } = await this.#blocks.next();
    if (done) return false;
    if (!this.#opened) throw new SealBroken(); // a recipient sends nothing this way
    this.#opened.take(value);
    this.emit('arrived');
    await this.#pace?.(value.length);
    return true;
  }

  #take(bytes: Buffer): void {
    if (this.#bytesReceived + bytes.length > this.#endsAt) throw new ChannelOverrun(0);
    this.#bytesReceived += bytes.length;
    this.push(bytes);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    if (!this.#sealed)
      return done(new Error('the recipient of a file sends nothing by its channel'));
    const all = chunks.map(({ chunk }) => chunk);
    const bytes = all.length === 1 ? (all[0] as Buffer) : Buffer.concat(all);
    this.#send(this.#sealed, bytes, done);
  }

  /** The end is there when the bytes before it go, so that they can go in one block. */
  override _final(done: (error?: Error) => void): void {
    try {
      const last = this.#sealed?.end();
      this.#below.once('finish', () => done());
      if (last) this.#below.write(last);
      this.#below.end();
    } catch (error) {
      done(error as Error);
    }
  }

  #send(sealed: SealedFile, bytes: Buffer, done: () => void): void {
    const piece = sealed.seal(bytes.subarray(0, PIECE_BYTES));
    const rest = bytes.subarray(PIECE_BYTES);
    const goOn = () => (rest.length > 0 ? this.#send(sealed, rest, done) : done());
    if (piece.length === 0 || this.#below.write(piece)) goOn();
    else this.#below.once('drain', goOn);
  }

  /** What it has brought may still wait for the reader. */
  #closedBelow(): void {
    const isWaiting = this.#below.readableEnded && !this.readableEnded;
    if (this.#opened && isWaiting) this.once('end', () => this.destroy());
    else this.destroy();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#below.destroy(error ?? undefined);
    done(error);
  }
}
