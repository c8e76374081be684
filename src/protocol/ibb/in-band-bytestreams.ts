import { type Clock, systemClock } from '../../session/clock.js';
import { tell } from '../../session/given/callbacks.js';
import { givenCall } from '../../session/given/given-call.js';
import type { IqHandler, RequestOptions, Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { HandlerRegistry } from '../handler-registry.js';
import { onlineClock } from '../online-clock.js';
import { randomSid } from '../sid.js';
import type { Bytestream } from './bytestream.js';
import { withDefaults } from './given-settings.js';
import { receiveMessages } from './message-mode.js';
import { Accepting } from './opening/accepting.js';
import { OpenStreams, type StreamSettings } from './opening/open-streams.js';
import { LARGEST_AUTO_BLOCK } from './sending/block-sizes.js';
import {
  agreedStanza,
  type BytestreamSettings,
  DEFAULTS,
  largestBlock,
  type ServiceSettings,
} from './settings.js';
import { smallerBlock } from './smaller-block.js';
import * as stanzas from './stanzas.js';

/** Settings of one bytestream that we open; what is absent is as in those of the service. */
export interface OpenOptions extends Partial<BytestreamSettings> {
  /** An NMTOKEN. Default: a random one. */
  sid?: string | undefined;
  /**
   * The block size was agreed on elsewhere, and no smaller one is tried. Default: true where a `sid` and a block size
   * are given.
   */
  fixedBlockSize?: boolean | undefined;
  /** Blocks may be smaller than the block size: those that deliver most. Default: true where that is `auto`. */
  varyBlockSize?: boolean | undefined;
  /**
   * Milliseconds until a close of ours counts as unconfirmed. Default 60,000: a file may have to be made durable first.
   */
  closeTimeout?: number | undefined;
  /** Aborted: nothing is opened any more. One that is open ends by `destroy`. */
  signal?: AbortSignal | undefined;
}

/**
 * In-Band Bytestreams (XEP-0047) on a session, both roles.
 *
 * Operations of the registry, type `ibb`, each with `jid` the own JID, `node` the sid and `from` the peer:
 * `authorized` and `authorized_sid` (args: the open) → whether the bytestream is accepted, or throws `StanzaError`;
 * `preauthorize_sid` → lets it be, once; `get_stream` → the open one, `set_stream` (args: the bytestream),
 * `del_stream`, which run when a bytestream opens and closes.
 */
export class InBandBytestreams {
  /** What was given, and the defaults for the rest. */
  readonly settings: ServiceSettings;
  /**
   * Called with each bytestream that a peer opened and nobody expected. What it throws, or rejects with, breaks it off,
   * and is told `onError` of `connect`.
   */
  onBytestream: (stream: Bytestream) => void = (stream) => stream.destroy();
  readonly #session: Session;
  readonly #streams: OpenStreams;
  readonly #accepting: Accepting;
  readonly #unhandle: (() => void)[];

  /** `registry`: what decides which bytestreams are accepted. Default: one of its own, by `settings`. */
  constructor(
    session: Session,
    settings: Partial<ServiceSettings> = {},
    registry = new HandlerRegistry(),
    ownClock: Clock = systemClock,
  ) {
    this.#session = session;
    this.settings = withDefaults(DEFAULTS, settings);
    const api = registry.wrap('ibb');
    const clock = onlineClock(session, ownClock);
    const streams = new OpenStreams(session, api, clock);
    this.#streams = streams;
    this.#accepting = new Accepting(
      {
        ...{ session, streams, clock, settings: this.settings },
        handOver: (stream) => this.#handOver(stream),
      },
      api,
    );
    this.#unhandle = [...this.#handleRequests(), ...receiveMessages(session, streams)];
    session.ended.addEventListener('abort', () => this.#end(session.ended.reason));
  }

  /**
   * Bytes in a block of ours at most: what the settings say, or less where the server takes no stanza so long. Throws
   * RangeError.
   */
  blockSizeFor(settings: Partial<BytestreamSettings>): number {
    return this.#blockSizeOf(withDefaults(this.settings, settings));
  }

  #blockSizeOf({
    blockSize,
    largestAutoBlock = LARGEST_AUTO_BLOCK,
  }: Pick<BytestreamSettings, 'blockSize' | 'largestAutoBlock'>): number {
    const wanted =
      blockSize === 'auto' ? Math.min(largestAutoBlock, LARGEST_AUTO_BLOCK) : blockSize;
    return Math.min(wanted, largestBlock(this.#session.maxStanzaBytes));
  }

  /** Whether blocks of ours may be smaller than was agreed on: those that deliver most. */
  variesBlockSize(settings: Partial<BytestreamSettings>): boolean {
    return withDefaults(this.settings, settings).blockSize === 'auto';
  }

  /**
   * Opens a bytestream to a full JID. A peer that finds the block size too large is asked again with half of it, down
   * to 512; after any other answer but a "no", or none, one that we have chosen (`auto`) is followed by 4096, once.
   * Rejects with `StanzaError` when the peer does not want it, and as `request` does.
   */
  async open(peer: string, given: OpenOptions = {}): Promise<Bytestream> {
    const options = givenCall(given);
    options.signal?.throwIfAborted();
    const settings = { ...options, ...withDefaults(this.settings, options) };
    const { varyBlockSize = this.variesBlockSize(settings) } = options;
    const isAuto = settings.blockSize === 'auto';
    for (let blockSize = this.#blockSizeOf(settings); ; ) {
      const sid = options.sid ?? randomSid();
      try {
        const asked = { ...settings, sid, blockSize, varyBlockSize };
        return await this.#open(peer, { ...asked, isAccepted: false });
      } catch (error) {
        blockSize = smallerBlock(blockSize, error as Error, { ...options, isAuto });
      }
    }
  }

  /**
   * Waits for a bytestream that was announced elsewhere; it is accepted beyond the session limit. As each that a peer
   * opened, it stays open when the peer has closed it, until our side ends or `acknowledgeClose` is called.
   * Rejects with `ChannelNotOpened` after `timeout` ms (default 60,000), or with the signal's reason.
   */
  async expect(peer: string, sid: string, options: RequestOptions = {}): Promise<Bytestream> {
    this.#session.ended.throwIfAborted();
    return this.#accepting.expect(peer, sid, givenCall(options));
  }

  /** Takes no more bytestreams and breaks off those that are open, for this reason. */
  close(reason = new Error('the service was closed')): void {
    for (const unhandle of this.#unhandle) unhandle();
    for (const stream of this.#streams.all) stream.destroy(reason);
    this.#end(reason);
  }

  async #open(peer: string, settings: StreamSettings & { signal?: AbortSignal }) {
    const { sid, blockSize, stanza, signal } = settings;
    if (this.#streams.get(peer, sid)) throw new Error(`the sid ${sid} is in use`);
    // Registered first: the peer may send as soon as it has answered.
    const stream = this.#streams.create(peer, settings);
    try {
      const element = stanzas.open({ sid, blockSize, stanza: agreedStanza(stanza) });
      await this.#session.request('set', peer, element, signal ? { signal } : {});
      await this.#streams.run('set_stream', peer, sid, stream);
      return stream;
    } catch (error) {
      this.#streams.forget(stream);
      // A peer that has not refused may have accepted, and would wait for what does not come.
      if (error instanceof StanzaError) stream.abandon();
      else stream.destroy();
      throw error;
    }
  }

  #handOver(stream: Bytestream): void {
    const failed = (error: Error) => {
      stream.destroy();
      this.#session.report(error);
    };
    tell(() => this.onBytestream(stream), failed);
  }

  #handleRequests(): (() => void)[] {
    const handle = (name: string, handler: IqHandler) =>
      this.#session.handle('set', stanzas.NS_IBB, name, handler);
    const streams = this.#streams;
    return [
      handle('open', (element, { from }) => this.#accepting.receiveOpen(element, from)),
      handle('data', (element, { from }) => {
        const data = stanzas.readData(element);
        return streams.find(from, data.sid).receiveData(data) as Promise<undefined>;
      }),
      handle('close', (element, { from }) => {
        const sid = stanzas.readClose(element);
        return streams.find(from, sid).receiveClose() as Promise<undefined>;
      }),
    ];
  }

  #end(error: Error): void {
    for (const stream of this.#streams.all) stream.abandon(error);
    this.#accepting.end(error);
  }
}
