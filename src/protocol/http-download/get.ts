import type { ClientRequest, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '../../session/clock.js';
import { whyUnanswered } from '../../session/dial/through-proxy.js';
import { ChannelLost, type Inlet } from '../channel.js';
import { type LeastPace, Slowness } from '../ibb/watch-peer.js';
import { checkedLookup, type Resolve } from '../network/checked-lookup.js';
import { PortNotAllowed } from '../network/fetch-errors.js';
import type { Https } from '../network/https.js';
import { addressesOf, endpointOf } from '../network/may-fetch.js';
import type { Endpoint } from '../network/network.js';
import { type Body, checkRange, readBody, whyNotWhole } from './answer.js';
import { whyCut, whyNotTaken } from './why-cut.js';

/** Milliseconds until there is an answer, the names found and the connection made. */
const ANSWER_MS = 60_000;

/** How often it is looked whether bytes still come, in milliseconds. */
const LOOK_MS = 30_000;

export interface GetOptions {
  /** The sender of the link. */
  peer: string;
  https: Https;
  clock: Clock;
  pace: LeastPace;
  /** The user's own hosts. */
  own: readonly Endpoint[];
  /** Default: as the system does. */
  resolve?: Resolve | undefined;
  /** The byte of the file from which on it is wanted. */
  offset: number;
  /** Bytes of the whole file, where they are told. */
  size: number | undefined;
  /** Bytes of the largest file. */
  most: number;
  /** What an answer means that brings no file, by its status. */
  refused(status: number): Error;
  /** Why a file of so many bytes is not taken; absent: more than `most`, however many. */
  tooLarge(bytes?: number): Error;
  /** Breaks it off. */
  signal: AbortSignal;
}

/**
 * The bytes of a file that lies at an address, from `offset` on. Rejects with `AddressNotAllowed`, `UnfitAnswer`,
 * `ServerNotTrusted`, as `refused` and `tooLarge` say, with `OtherFile`, and with `ChannelLost` where the network fails or
 * nothing comes; these last three may also end it later.
 */
export async function get(url: URL, options: GetOptions): Promise<Inlet> {
  const download = new Download(url, options);
  await download.begun;
  return download;
}

class Download extends Readable implements Inlet {
  readonly peer: string;
  /** Resolves when the answer has begun. */
  readonly begun: Promise<void>;
  readonly #options: GetOptions;
  readonly #request: ClientRequest;
  readonly #host: string;
  #response: IncomingMessage | undefined;
  /** Bytes of the body that are still in front of those that are wanted. */
  #toSkip = 0;
  /** Bytes of the body. */
  #came = 0;
  #received = 0;
  readonly #over = new AbortController();

  constructor(url: URL, options: GetOptions) {
    super();
    this.peer = options.peer;
    this.#options = options;
    this.#host = url.host;
    this.#request = requestFor(url, options);
    this.begun = new Promise((resolve, reject) => {
      this.#request.on('response', (response) => {
        if (this.#answered(response)) resolve();
      });
      this.once('error', reject);
    });
    this.#request.on('error', (error) => this.destroy(this.#whyCut(error))).end();
    options.signal.addEventListener('abort', () => this.destroy(options.signal.reason), {
      signal: this.#over.signal,
    });
    void this.#watch();
  }

  get bytesReceived(): number {
    return this.#received;
  }

  /** What has come of the body, and whether it is us who are waited for: until the reader has taken the last of it. */
  get incoming() {
    const { readableEnded = false } = this.#response ?? {};
    const isPaused = this.#response?.isPaused() ?? false;
    return { bytes: this.#came, areUnsettled: isPaused || readableEnded };
  }

  override _read(): void {
    this.#response?.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#over.abort();
    this.#request.destroy();
    done(error);
  }

  /** Returns whether its body is the file. */
  #answered(response: IncomingMessage): boolean {
    const { statusCode = 0 } = response;
    try {
      checkRange(statusCode, this.#options);
      if (!OK.has(statusCode)) throw this.#options.refused(statusCode);
      this.#take(response, readBody(response, this.#options));
      return true;
    } catch (error) {
      this.destroy(whyNotTaken(error as Error, this.#host));
      return false;
    }
  }

  #take(response: IncomingMessage, { start }: Body): void {
    const { offset } = this.#options;
    this.#toSkip = offset - start;
    this.#response = response;
    response
      .on('data', (bytes: Buffer) => this.#hand(bytes))
      .on('error', (error) => this.destroy(this.#whyCut(error)))
      .on('end', () => {
        if (!this.#isUnfit(true)) this.push(null);
      });
    response.pause();
  }

  #hand(bytes: Buffer): void {
    this.#came += bytes.length;
    const wanted = bytes.subarray(this.#toSkip);
    this.#toSkip -= bytes.length - wanted.length;
    if (wanted.length === 0) return;
    this.#received += wanted.length;
    if (!this.#isUnfit(false) && !this.push(wanted)) this.#response?.pause();
  }

  /** Whether it is not the file, as its length shows, which ends it. */
  #isUnfit(isEnd: boolean): boolean {
    const bytes = this.#options.offset - this.#toSkip + this.#received;
    const why = whyNotWhole(bytes, isEnd, this.#options);
    if (why) this.destroy(whyNotTaken(why, this.#host));
    return why !== undefined;
  }

  /** While nothing is read, because of a slow disk for instance, nothing is to come. */
  async #watch(): Promise<void> {
    const { clock, pace } = this.#options;
    const { signal } = this.#over;
    await clock.sleep(ANSWER_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    if (!this.#response) {
      return void this.destroy(new ChannelLost(whyUnanswered(this.#request, this.#host)));
    }
    const slowness = new Slowness(this, pace, clock.now());
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
      const why = signal.aborted ? undefined : slowness.check(clock.now(), true);
      if (why) this.destroy(new ChannelLost(`${this.#host} ${why}`));
    }
  }

  #whyCut(error: Error): Error {
    return whyCut(error, this.#host, this.#response !== undefined);
  }
}

/** RFC 9110 §15.3 */
const OK = new Set([200, 206]);

/** Throws `AddressNotAllowed` where it must not be asked for. */
function requestFor(url: URL, { https, own, resolve, offset }: GetOptions): ClientRequest {
  const { host, port } = endpointOf(url);
  const allowed = addressesOf(url, own);
  if (!allowed) {
    throw new PortNotAllowed(`${host} is not asked at port ${port}: no other than 443 is`);
  }
  const { allows, isOwn } = allowed;
  const headers = {
    'accept-encoding': 'identity',
    ...(offset > 0 ? { range: `bytes=${offset}-` } : {}),
  };
  const lookup = checkedLookup(host, allows, resolve);
  return https(url, { method: 'GET', headers, lookup, mayBeAnywhere: isOwn });
}
