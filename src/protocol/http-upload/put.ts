import type { ClientRequest, IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
import type { Clock } from '../../session/clock.js';
import { isForGood, reasonOf } from '../../session/dial/network-reason.js';
import { whyUnanswered } from '../../session/dial/through-proxy.js';
import { whyUntrusted } from '../../session/dial/why-untrusted.js';
import { ChannelLost, type Outlet } from '../channel.js';
import type { Https } from '../network/https.js';
import { UnusableSlot, type UploadedFile, type UploadSlot } from './stanzas.js';

/** Milliseconds in which some bytes must leave, or the connection come about. */
const SILENCE_MS = 60_000;

/**
 * The same behind the last byte, at most: the system may have taken some megabytes that are still to leave, and TCP gives
 * up by itself by then.
 */
const LAST_MS = 15 * 60_000;

/** Bytes that must leave in that time: even slow links are faster. */
const PIECE_BYTES = 64 * 1024;

/** §6 names 201; some services in front of others say no more than that it is well. */
const TAKEN = new Set([200, 201, 204]);

interface PutOptions {
  /** The service that has given the slot. */
  peer: string;
  https: Https;
  clock: Clock;
  /** What an answer means that is no yes, by its status (RFC 9110 §15). */
  refused(status: number): Error;
  /** An attempt before this one was cut, at whatever slot: our own network may be gone. */
  isAgain?: boolean;
}

/**
 * Takes the bytes of one file to its slot; `finish` means that the server has them all. Bytes count as acknowledged
 * when they have left. Fails with `ServerNotTrusted`, with `UnusableSlot` where the host does not exist or refuses TLS,
 * with `ChannelLost` where the network fails or nothing is heard, and as `refused` says.
 */
export class Put extends Writable implements Outlet {
  readonly provenBlock = 0;
  readonly unprovenBlock = 0;
  readonly peer: string;
  readonly #request: ClientRequest;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #refused: (status: number) => Error;
  readonly #size: number;
  readonly #isAgain: boolean;
  #sent = 0;
  #underWay = 0;
  /** The server has all. */
  #isTaken = false;
  /** Called then. */
  #taken: () => void = () => undefined;
  /** Ends the watch for silence. */
  #heard = new AbortController();

  constructor(slot: UploadSlot, { size, mediaType }: UploadedFile, options: PutOptions) {
    super({ highWaterMark: PIECE_BYTES });
    const { peer, https, clock, refused, isAgain = false } = options;
    this.peer = peer;
    this.#size = size;
    this.#host = slot.put.host;
    this.#clock = clock;
    this.#refused = refused;
    this.#isAgain = isAgain;
    const headers = { ...slot.headers, 'content-length': `${size}`, 'content-type': mediaType };
    this.#request = https(slot.put, { method: 'PUT', headers })
      .on('error', (error) => this.destroy(this.#whyCut(error)))
      .on('response', (response) => this.#answered(response));
    // Whoever writes hears of it; before that nobody may listen.
    this.on('error', () => undefined);
  }

  get bytesSent(): number {
    return this.#sent;
  }

  get bytesUnderWay(): number {
    return this.#underWay;
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#write(bytes, done);
  }

  #write(bytes: Buffer, done: () => void): void {
    const piece = bytes.subarray(0, PIECE_BYTES);
    this.#underWay = piece.length;
    this.#watch();
    this.#request.write(piece, (error) => {
      // What has failed is told by an event.
      if (error) return;
      this.#heard.abort();
      this.#underWay = 0;
      this.#sent += piece.length;
      this.emit('acknowledged');
      if (piece.length === bytes.length) done();
      else this.#write(bytes.subarray(piece.length), done);
    });
  }

  override _final(done: () => void): void {
    this.#request.end();
    if (this.#isTaken) return done();
    this.#taken = done;
    this.#watch(Math.min(LAST_MS, SILENCE_MS * Math.ceil(1 + this.#sent / PIECE_BYTES)));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#heard.abort();
    this.#request.destroy();
    done(error);
  }

  /** An answer before the last byte is a no, whatever it is. Behind that it may come before our end. */
  #answered({ statusCode = 0 }: IncomingMessage): void {
    const isWhole = this.#sent + this.#underWay === this.#size;
    if (!isWhole || !TAKEN.has(statusCode)) return void this.destroy(this.#refused(statusCode));
    this.#heard.abort();
    this.#isTaken = true;
    this.#taken();
  }

  #watch(ms = SILENCE_MS): void {
    this.#heard = new AbortController();
    const silent = () => this.destroy(new ChannelLost(whyUnanswered(this.#request, this.#host)));
    this.#clock.sleep(ms, this.#heard.signal).then(silent, () => undefined);
  }

  #whyCut(error: Error): Error {
    const host = this.#host;
    const why = `(${reasonOf(error)})`;
    const untrusted = whyUntrusted(error, host);
    if (untrusted) return untrusted;
    if (this.#sent > 0) {
      return new ChannelLost(`the upload to ${host} was cut off ${why}`, { cause: error });
    }
    return isForGood(error) && !this.#isAgain
      ? new UnusableSlot(`${host}, where the upload is to go, cannot be used ${why}`)
      : new ChannelLost(`${host} gave no answer ${why}`, { cause: error });
  }
}
