import type { Clock } from '../../../session/clock.js';
import { decided, tell } from '../../../session/given/callbacks.js';
import type { RequestOptions, Session } from '../../../session/session.js';
import { StanzaError } from '../../../session/stanza-error.js';
import type { Element } from '../../../session/xml.js';
import type { HandlerApi } from '../../handler-registry.js';
import { sidKey } from '../../sid.js';
import type { Bytestream } from '../bytestream.js';
import type { ServiceSettings } from '../settings.js';
import { isAnnounced, type Open, readOpen } from '../stanzas.js';
import { watchPeer } from '../watch-peer.js';
import { Expectations } from './expectations.js';
import type { OpenStreams } from './open-streams.js';

interface AcceptingOptions {
  session: Session;
  streams: OpenStreams;
  settings: ServiceSettings;
  clock: Clock;
  /** Called with each bytestream that nobody expected. */
  handOver: (stream: Bytestream) => void;
}

/** Decides about the bytestreams that peers open, and hands them to whoever waits for them. */
export class Accepting {
  readonly #options: AcceptingOptions;
  readonly #expected = new Expectations();
  readonly #preauthorized = new Set<string>();
  /** Settles when the last open that came has been dealt with. */
  #opening: Promise<unknown> = Promise.resolve();

  constructor(options: AcceptingOptions, api: HandlerApi) {
    this.#options = options;
    this.#registerDefaults(api);
  }

  /** See `InBandBytestreams.expect`. */
  async expect(peer: string, sid: string, options: RequestOptions): Promise<Bytestream> {
    const { streams } = this.#options;
    const { timeout = 60_000, signal } = options;
    const key = sidKey(peer, sid);
    if (this.#expected.has(key)) throw new Error(`the sid ${sid} is expected already`);
    const opened = this.#expected.add(key, peer, { timeout, ...(signal ? { signal } : {}) });
    if (!signal?.aborted) {
      const preauthorized = streams.run('preauthorize_sid', peer, sid);
      preauthorized.catch((error) => this.#expected.fail(key, error));
    }
    return opened.finally(() => this.#preauthorized.delete(key));
  }

  /** Takes opens one at a time: each counts for the limit before the next, however many are asked for at once. */
  receiveOpen(element: Element, peer: string): Promise<undefined> {
    const accepted = this.#opening.then(() => this.#accept(readOpen(element), peer));
    this.#opening = accepted.catch(() => undefined); // the peer is told
    return accepted;
  }

  /** Nothing is waited for any more. */
  end(error: Error): void {
    this.#expected.failAll(error);
  }

  async #accept(open: Open, peer: string): Promise<undefined> {
    const { sid, blockSize } = open;
    const { session, streams, settings } = this.#options;
    const { maxBlockSize } = settings;
    if (blockSize > maxBlockSize) {
      throw new StanzaError('modify', 'resource-constraint', `at most ${maxBlockSize}`);
    }
    if (await streams.run('get_stream', peer, sid)) throw notAcceptable('the sid is in use');
    const isExpected = this.#expected.has(sidKey(peer, sid));
    if (!(await this.#isAuthorized(open, peer))) {
      throw this.#isLate(peer, sid) ? new StanzaError('cancel', 'item-not-found') : notAcceptable();
    }
    // It may have ended while the handlers were asked.
    session.ended.throwIfAborted();
    const stream = await this.#register(peer, open);
    this.#watch(stream, isExpected);
    // The result leaves first: nothing that the new owner sends may come before it.
    const handOver = () => this.#handOver(stream, isExpected);
    setImmediate(() => tell(handOver, (error) => session.report(error)));
    return undefined;
  }

  async #register(peer: string, open: Open): Promise<Bytestream> {
    const { streams, settings } = this.#options;
    const agreed = { ...open, varyBlockSize: settings.blockSize === 'auto' };
    const stream = streams.create(peer, { ...settings, ...agreed, isAccepted: true });
    try {
      await streams.run('set_stream', peer, open.sid, stream);
      return stream;
    } catch (error) {
      streams.forget(stream);
      stream.abandon();
      throw error;
    }
  }

  /**
   * A bytestream that nobody announced cannot be gone on with: it does not keep its place for a peer who may come
   * back.
   */
  #watch(stream: Bytestream, isExpected: boolean): void {
    const { session, clock } = this.#options;
    const { pace } = this.#options.settings;
    void watchPeer(session, stream, clock, pace && { ...pace, idlesWhileSilent: isExpected });
  }

  async #isAuthorized(open: Open, peer: string): Promise<boolean> {
    if (await this.#allows('authorized_sid', open, peer)) return true;
    return !this.#isLate(peer, open.sid) && this.#allows('authorized', open, peer);
  }

  /** Throws TypeError where its handler decides nothing; what has no handler is not allowed. */
  async #allows(op: string, open: Open, peer: string): Promise<boolean> {
    const answer = await this.#options.streams.run<unknown>(op, peer, open.sid, open);
    return answer !== undefined && decided(answer, op);
  }

  /**
   * Whether it was announced to an earlier session of ours, or to a caller who waits no more: it may be the rest of a
   * file.
   */
  #isLate(peer: string, sid: string): boolean {
    return isAnnounced(sid) || this.#expected.wasGivenUp(sidKey(peer, sid), peer);
  }

  /** A bytestream that was expected when it opened, and was given up since, is nobody's. */
  #handOver(stream: Bytestream, wasExpected: boolean): void {
    if (this.#expected.settle(sidKey(stream.peer, stream.sid), stream)) return;
    if (wasExpected) stream.destroy();
    else this.#options.handOver(stream);
  }

  #registerDefaults(api: HandlerApi): void {
    const { streams, settings } = this.#options;
    const key = (sid?: string, peer?: string) => sidKey(peer ?? '', sid ?? '');
    api.registerDefault(() => streams.size < settings.sessionLimit, 'authorized');
    api.registerDefault(
      (_jid, sid, peer) => this.#preauthorized.delete(key(sid, peer)),
      'authorized_sid',
    );
    api.registerDefault(
      (_jid, sid, peer) => void this.#preauthorized.add(key(sid, peer)),
      'preauthorize_sid',
    );
    api.registerDefault((_jid, sid, peer) => streams.get(peer ?? '', sid ?? ''), 'get_stream');
  }
}

const notAcceptable = (text?: string) => new StanzaError('cancel', 'not-acceptable', text);
