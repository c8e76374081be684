import type { Clock } from '../../../session/clock.js';
import type { Session } from '../../../session/session.js';
import { StanzaError } from '../../../session/stanza-error.js';
import type { Element } from '../../../session/xml.js';
import type { HandlerApi } from '../../handler-registry.js';
import { sidKey } from '../../sid.js';
import { Bytestream } from '../bytestream.js';
import { frameOfIq, type InMessages, PeerLink } from '../peer.js';
import { AutoWindow } from '../sending/auto-window.js';
import { autoSizes, type BlockSizes, oneSize } from '../sending/block-sizes.js';
import { MessageCarrier } from '../sending/message-carrier.js';
import { MessageWindow } from '../sending/message-window.js';
import { fixedWindow, type Window } from '../sending/window.js';
import { agreedStanza, type BytestreamSettings } from '../settings.js';

export interface StreamSettings extends BytestreamSettings {
  sid: string;
  /** What was agreed on. */
  blockSize: number;
  /** Blocks may be smaller than that: those that deliver most. */
  varyBlockSize: boolean;
  closeTimeout?: number;
  mostTaken?: number;
  isAccepted: boolean;
}

/** The bytestreams of a session, by peer and sid. */
export class OpenStreams {
  readonly #session: Session;
  readonly #api: HandlerApi;
  readonly #clock: Clock;
  readonly #streams = new Map<string, Bytestream>();
  /** What sends the blocks of those in message mode. */
  readonly #carriers = new Map<string, MessageCarrier>();

  constructor(session: Session, api: HandlerApi, clock: Clock) {
    this.#session = session;
    this.#api = api;
    this.#clock = clock;
  }

  get size(): number {
    return this.#streams.size;
  }

  get all(): Bytestream[] {
    return [...this.#streams.values()];
  }

  get(peer: string, sid: string): Bytestream | undefined {
    return this.#streams.get(sidKey(peer, sid));
  }

  /** Throws `StanzaError` where there is none. */
  find(peer: string, sid: string): Bytestream {
    const stream = this.get(peer, sid);
    if (!stream) throw new StanzaError('cancel', 'item-not-found');
    return stream;
  }

  /** Creates a bytestream, which is here until it closes. */
  create(peer: string, settings: StreamSettings): Bytestream {
    const { sid, blockSize, closeTimeout, mostTaken, isAccepted } = settings;
    const stanza = agreedStanza(settings.stanza);
    const inMessages = () => this.#carryInMessages(peer, settings);
    const { carrier, window } =
      stanza === 'message' ? inMessages() : { window: this.#windowFor(peer, settings) };
    const otherwise = settings.stanza === 'auto' ? inMessages : undefined;
    const stream = new Bytestream(
      {
        ...{ peer, sid, blockSize, mostTaken, isAccepted, window, retry: settings },
        ...{ clock: this.#clock, count: () => this.size },
      },
      new PeerLink(this.#session, peer, sid, { carrier, otherwise, closeTimeout }),
    );
    this.#streams.set(sidKey(peer, sid), stream);
    stream.once('close', () => this.#closed(stream));
    return stream;
  }

  /** Forgets a bytestream, unless another one has taken its sid since. */
  forget(stream: Bytestream): void {
    const key = sidKey(stream.peer, stream.sid);
    if (this.#streams.get(key) !== stream) return;
    this.#streams.delete(key);
    this.#carriers.delete(key);
  }

  /** A message came back from this peer, or from its server. */
  bounced(peer: string, id: string, message: Element): void {
    for (const [key, carrier] of this.#carriers) {
      const stream = this.#streams.get(key);
      if (stream?.peer === peer && carrier.bounced(id, StanzaError.fromStanza(message))) return;
    }
  }

  /** Runs an operation of the registry about a bytestream. */
  run<R>(op: string, peer: string, sid: string, args?: unknown): Promise<R> {
    return this.#api.run<R>(op, { jid: this.#session.jid, node: sid, from: peer, args });
  }

  #closed(stream: Bytestream): void {
    const { peer, sid } = stream;
    this.forget(stream);
    // Nobody is left to tell.
    this.run('del_stream', peer, sid, stream).catch((error: Error) =>
      process.emitWarning(`del_stream of the bytestream ${sid} failed: ${error.message}`),
    );
  }

  #windowFor(peer: string, settings: StreamSettings): Window {
    const { jid } = this.#session;
    const sizes = sizesOf(settings, frameOfIq(jid, peer, settings.sid));
    return windowOf(settings.window, sizes, AutoWindow);
  }

  #carryInMessages(peer: string, settings: StreamSettings): InMessages {
    const { sid } = settings;
    // Two runs fill the window.
    const carrier = new MessageCarrier(this.#session, peer, sid, () => window.limit / 2);
    const window = windowOf(settings.window, sizesOf(settings, carrier.frame), MessageWindow);
    this.#carriers.set(sidKey(peer, sid), carrier);
    return { carrier, window };
  }
}

const sizesOf = ({ blockSize, varyBlockSize }: StreamSettings, frame: number): BlockSizes =>
  varyBlockSize ? autoSizes(blockSize, frame) : oneSize(blockSize);

function windowOf(
  window: number | 'auto',
  blockSizes: BlockSizes,
  Auto: new (blockSizes: BlockSizes) => Window,
): Window {
  if (window === 'auto') return new Auto(blockSizes);
  const [size, ...others] = blockSizes.sizes as [number];
  const isOne = others.length === 0 && size === blockSizes.least;
  return isOne ? fixedWindow(window, size) : new AutoWindow(blockSizes, window);
}
