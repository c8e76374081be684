import type { IqHandler, RequestOptions, Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import { ChannelBroken } from '../channel.js';
import { type Clock, onlineClock, systemClock } from '../clock.js';
import { type HandlerApi, HandlerRegistry } from '../handler-registry.js';
import { NS_PING } from '../ping.js';
import { randomSid, sidKey } from '../sid.js';
import { AutoWindow } from './auto-window.js';
import { Bytestream } from './bytestream.js';
import { Expectations } from './expectations.js';
import { createLink, type InMessages } from './links.js';
import { MessageCarrier } from './message-carrier.js';
import { MessageWindow } from './message-window.js';
import { watchPeer } from './pace.js';
import {
  agreedStanza,
  type BytestreamSettings,
  checkBlockSize,
  DEFAULTS,
  largestBlock,
  type ServiceSettings,
} from './settings.js';
import * as stanzas from './stanzas.js';
import { fixedWindow, type Window } from './window.js';

export interface OpenOptions extends Partial<BytestreamSettings> {
  /** An NMTOKEN. Default: a random one. */
  sid?: string;
  /** The block size was agreed on elsewhere, and no smaller one is tried. Default: true where a `sid` is given. */
  fixedBlockSize?: boolean;
  /** Milliseconds until a close of ours counts as unconfirmed. Default 60,000: a file may have to be made durable first. */
  closeTimeout?: number;
  signal?: AbortSignal;
}

export interface ExpectOptions extends RequestOptions {
  /** As the service's setting, which is the default. */
  halfOpen?: boolean;
}

interface StreamSettings extends BytestreamSettings {
  sid: string;
  halfOpen?: boolean;
  closeTimeout?: number;
}

/** Below this a block is mostly XML. */
const MIN_BLOCK_SIZE = 512;

const NS_DELAY = 'urn:xmpp:delay';

/**
 * In-Band Bytestreams (XEP-0047) on a session, both roles.
 *
 * Operations of the registry, type `ibb`, each with `jid` the own JID, `node` the sid and `from` the peer:
 * `authorized` and `authorized_sid` (args: the open) → whether the bytestream is accepted, or throws `StanzaError`;
 * `preauthorize_sid` → lets it be, once; `get_stream` → the open one, `set_stream` (args: the bytestream),
 * `del_stream`, which run when a bytestream opens and closes.
 */
export class InBandBytestreams {
  readonly settings: ServiceSettings;
  /** Called with each bytestream that a peer opened and nobody expected. */
  onBytestream: (stream: Bytestream) => void = (stream) => stream.destroy();
  readonly #session: Session;
  readonly #api: HandlerApi;
  readonly #clock: Clock;
  readonly #streams = new Map<string, Bytestream>();
  /** Of the bytestreams in message mode. */
  readonly #carriers = new Map<string, MessageCarrier>();
  readonly #preauthorized = new Set<string>();
  readonly #expected = new Expectations();
  /** Settles when the last open that came has been dealt with. */
  #opening: Promise<unknown> = Promise.resolve();
  readonly #unhandle: (() => void)[];
  #hasResumed = false;

  constructor(
    session: Session,
    settings: Partial<ServiceSettings> = {},
    registry = new HandlerRegistry(),
    clock = systemClock,
  ) {
    this.#session = session;
    this.settings = { ...DEFAULTS, ...settings };
    this.#api = registry.wrap('ibb');
    this.#clock = onlineClock(session, clock);
    this.#registerDefaults();
    const handle = (name: string, handler: IqHandler) =>
      session.handle('set', stanzas.NS_IBB, name, handler);
    this.#unhandle = [
      handle('open', (element, { from }) => this.#receiveOpen(element, from)),
      handle('data', (element, { from }) => this.#receiveData(element, from)),
      handle('close', (element, { from }) => this.#receiveClose(element, from)),
      session.onMessage((message) => this.#receiveMessage(message)),
      session.onState((state) => {
        this.#hasResumed ||= state === 'resuming';
      }),
      session.handle('get', NS_PING, 'ping', (_ping, { from }) => this.#receivePing(from)),
    ];
    session.ended.addEventListener('abort', () => this.#end(session.ended.reason));
  }

  /** The full JIDs of those with whom there are bytestreams, once for each. */
  get peers(): string[] {
    return [...this.#streams.values()].map(({ peer }) => peer);
  }

  /** Bytes in a block of ours: what the settings say, or less where the server takes no stanza so long. */
  blockSizeFor({ blockSize = this.settings.blockSize }: Partial<BytestreamSettings>): number {
    return Math.min(blockSize, largestBlock(this.#session.maxStanzaBytes));
  }

  /**
   * Opens a bytestream to a full JID. A peer that finds the block size too large is asked again with
   * half of it, down to 512. Rejects with `StanzaError` when the peer does not want it, and as `request` does.
   */
  async open(peer: string, options: OpenOptions = {}): Promise<Bytestream> {
    const { fixedBlockSize = options.sid !== undefined, ...others } = options;
    const settings = { ...this.settings, ...others };
    checkBlockSize(settings.blockSize);
    for (
      let blockSize = this.blockSizeFor(settings);
      ;
      blockSize = 2 ** (Math.ceil(Math.log2(blockSize)) - 1)
    ) {
      const sid = options.sid ?? randomSid();
      try {
        return await this.#open(peer, { ...settings, sid, blockSize });
      } catch (error) {
        // The type is `modify` by the XEP and `cancel` with slixmpp.
        const { condition, type } = error as StanzaError;
        // With `wait` it is the peer that is busy, whatever the block size.
        const tooLarge = condition === 'resource-constraint' && type !== 'wait';
        if (!tooLarge || fixedBlockSize || blockSize <= MIN_BLOCK_SIZE) throw error;
      }
    }
  }

  /**
   * Waits for a bytestream that was announced elsewhere; it is accepted beyond the session limit.
   * Rejects with `ChannelNotOpened` after `timeout` ms (default 60,000), or with the signal's reason.
   */
  async expect(
    peer: string,
    sid: string,
    { timeout = 60_000, signal, halfOpen = this.settings.halfOpen }: ExpectOptions = {},
  ): Promise<Bytestream> {
    this.#session.ended.throwIfAborted();
    const key = sidKey(peer, sid);
    if (this.#expected.has(key)) throw new Error(`the sid ${sid} is expected already`);
    const opened = this.#expected.add(key, peer, {
      timeout,
      halfOpen,
      ...(signal ? { signal } : {}),
    });
    if (!signal?.aborted) {
      this.#run('preauthorize_sid', peer, sid).catch((error) => this.#expected.settle(key, error));
    }
    return opened.finally(() => this.#preauthorized.delete(key));
  }

  /** Takes no more bytestreams and breaks off those that are open, for this reason. */
  close(reason = new Error('the service was closed')): void {
    for (const unhandle of this.#unhandle) unhandle();
    for (const stream of this.#streams.values()) stream.destroy(reason);
    this.#end(reason);
  }

  async #open(peer: string, settings: StreamSettings & { signal?: AbortSignal }) {
    const { sid, blockSize, stanza, signal } = settings;
    if (this.#streams.has(sidKey(peer, sid))) throw new Error(`the sid ${sid} is in use`);
    // Registered first: the peer may send as soon as it has answered.
    const stream = this.#register(peer, { ...settings, halfOpen: false });
    try {
      const element = stanzas.open({ sid, blockSize, stanza: agreedStanza(stanza) });
      await this.#session.request('set', peer, element, signal ? { signal } : {});
      await this.#run('set_stream', peer, sid, stream);
      return stream;
    } catch (error) {
      this.#forget(stream);
      // A peer that has not refused may have accepted, and would wait for what does not come.
      if (error instanceof StanzaError) stream.abandon();
      else stream.destroy();
      throw error;
    }
  }

  /** One at a time: however many are asked for at once, each counts for the limit before the next. */
  #receiveOpen(element: Element, peer: string): Promise<undefined> {
    const accepted = this.#opening.then(() => this.#accept(stanzas.readOpen(element), peer));
    this.#opening = accepted.catch(() => undefined);
    return accepted;
  }

  async #accept(open: stanzas.Open, peer: string): Promise<undefined> {
    const { sid, blockSize } = open;
    const { maxBlockSize } = this.settings;
    if (blockSize > maxBlockSize) {
      throw new StanzaError('modify', 'resource-constraint', `at most ${maxBlockSize}`);
    }
    if (await this.#run('get_stream', peer, sid)) throw notAcceptable('the sid is in use');
    const expected = this.#expected.get(sidKey(peer, sid));
    if (!(await this.#isAuthorized(open, peer))) {
      throw this.#isLate(peer, sid) ? new StanzaError('cancel', 'item-not-found') : notAcceptable();
    }
    // It may have ended while the handlers were asked.
    this.#session.ended.throwIfAborted();
    const { halfOpen } = expected ?? this.settings;
    const stream = this.#register(peer, { ...this.settings, ...open, halfOpen });
    try {
      await this.#run('set_stream', peer, sid, stream);
    } catch (error) {
      this.#forget(stream);
      stream.abandon();
      throw error;
    }
    const { pace } = this.settings;
    // What nobody announced cannot be gone on with: it does not keep its place for one who may come back.
    const kept = pace && { ...pace, idlesWhileSilent: expected !== undefined };
    void watchPeer(this.#session, stream, this.#clock, kept);
    // The result leaves first: nothing that the new owner sends may come before it.
    setImmediate(() => this.#handOver(stream, expected !== undefined));
    return undefined;
  }

  async #isAuthorized(open: stanzas.Open, peer: string): Promise<boolean> {
    const { sid } = open;
    if (await this.#run<boolean>('authorized_sid', peer, sid, open)) return true;
    return !this.#isLate(peer, sid) && (await this.#run<boolean>('authorized', peer, sid, open));
  }

  /** It was announced, to an earlier session of ours or to one who waits no more; it may be the rest of a file. */
  #isLate(peer: string, sid: string): boolean {
    return stanzas.isAnnounced(sid) || this.#expected.wasGivenUp(sidKey(peer, sid), peer);
  }

  /** One that was expected, and at this moment is not any more, is nobody's. */
  #handOver(stream: Bytestream, wasExpected: boolean): void {
    if (this.#expected.settle(sidKey(stream.peer, stream.sid), stream)) return;
    if (wasExpected) stream.destroy();
    else this.onBytestream(stream);
  }

  #receiveData(element: Element, peer: string): Promise<undefined> {
    const data = stanzas.readData(element);
    return this.#find(peer, data.sid).receiveData(data) as Promise<undefined>;
  }

  #receiveClose(element: Element, peer: string): Promise<undefined> {
    return this.#find(peer, stanzas.readClose(element)).receiveClose() as Promise<undefined>;
  }

  /** Nothing is ever answered; what is wrong ends the bytestream it is for, if there is one. */
  #receiveMessage(message: Element): void {
    const { from: peer = '', type, id = '' } = message.attrs;
    if (type === 'error') return this.#receiveBounce(peer, id, message);
    const element = message.getChild('data', stanzas.NS_IBB);
    const stream = element && this.#streams.get(sidKey(peer, element.attrs.sid ?? ''));
    // What was stored or sent to a room was not sent to this bytestream. But servers mark as delayed, too, what
    // they deliver again after a resumption.
    const isStored = message.getChild('delay', NS_DELAY) && !this.#hasResumed;
    if (!stream || type === 'groupchat' || isStored) return;
    try {
      // Not acknowledged, so it does not matter when; and a failure is the bytestream's own.
      stream.receiveData(stanzas.readData(element)).catch(() => undefined);
    } catch (error) {
      stream.destroy(new ChannelBroken(0, error as Error));
    }
  }

  /** Answered behind all that the peer has sent in messages, so that it learns how far the reader is. */
  async #receivePing(peer: string): Promise<undefined> {
    const streams = [...this.#streams.values()].filter((stream) => stream.peer === peer);
    await Promise.allSettled(
      streams.map((stream) => stream.stanza === 'message' && stream.settled),
    );
    return undefined;
  }

  #receiveBounce(peer: string, id: string, message: Element): void {
    for (const [key, carrier] of this.#carriers) {
      const stream = this.#streams.get(key);
      if (stream?.peer === peer && carrier.bounced(id, StanzaError.fromStanza(message))) return;
    }
  }

  #find(peer: string, sid: string): Bytestream {
    const stream = this.#streams.get(sidKey(peer, sid));
    if (!stream) throw new StanzaError('cancel', 'item-not-found');
    return stream;
  }

  #register(peer: string, settings: StreamSettings): Bytestream {
    const { sid, blockSize, closeTimeout, halfOpen } = settings;
    const stanza = agreedStanza(settings.stanza);
    const inMessages = () => this.#carryInMessages(peer, settings);
    const { carrier, window } =
      stanza === 'message' ? inMessages() : { window: windowOf(settings, AutoWindow) };
    const stream = new Bytestream(
      {
        peer,
        sid,
        blockSize,
        stanza,
        halfOpen,
        window,
        retry: settings,
        clock: this.#clock,
      },
      createLink(this.#session, peer, sid, {
        carrier,
        otherwise: settings.stanza === 'auto' ? inMessages : undefined,
        closeTimeout,
      }),
    );
    this.#streams.set(sidKey(peer, sid), stream);
    stream.once('close', () => {
      this.#forget(stream);
      // Nobody is left to tell.
      this.#run('del_stream', peer, sid, stream).catch((error: Error) =>
        process.emitWarning(`del_stream of the bytestream ${sid} failed: ${error.message}`),
      );
    });
    return stream;
  }

  #carryInMessages(peer: string, settings: StreamSettings): InMessages {
    const { sid } = settings;
    const window = windowOf(settings, MessageWindow);
    // Two runs fill the window.
    const carrier = new MessageCarrier(this.#session, peer, sid, () => window.limit / 2);
    this.#carriers.set(sidKey(peer, sid), carrier);
    return { carrier, window };
  }

  /** Unless another one has taken its sid since. */
  #forget(stream: Bytestream): void {
    const key = sidKey(stream.peer, stream.sid);
    if (this.#streams.get(key) !== stream) return;
    this.#streams.delete(key);
    this.#carriers.delete(key);
  }

  #registerDefaults(): void {
    const key = (sid?: string, peer?: string) => sidKey(peer ?? '', sid ?? '');
    this.#api.registerDefault(() => this.#streams.size < this.settings.sessionLimit, 'authorized');
    this.#api.registerDefault(
      (_jid, sid, peer) => this.#preauthorized.delete(key(sid, peer)),
      'authorized_sid',
    );
    this.#api.registerDefault(
      (_jid, sid, peer) => void this.#preauthorized.add(key(sid, peer)),
      'preauthorize_sid',
    );
    this.#api.registerDefault((_jid, sid, peer) => this.#streams.get(key(sid, peer)), 'get_stream');
  }

  #run<R>(op: string, peer: string, sid: string, args?: unknown): Promise<R> {
    return this.#api.run<R>(op, { jid: this.#session.jid, node: sid, from: peer, args });
  }

  #end(error: Error): void {
    for (const stream of this.#streams.values()) stream.abandon(error);
    this.#expected.failAll(error);
  }
}

function windowOf(
  { window, blockSize }: BytestreamSettings,
  Auto: new (blockSize: number) => Window,
): Window {
  return window === 'auto' ? new Auto(blockSize) : fixedWindow(window, blockSize);
}

const notAcceptable = (text?: string) => new StanzaError('cancel', 'not-acceptable', text);
