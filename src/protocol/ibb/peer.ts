import { randomBytes } from 'node:crypto';
import type { RequestOptions, Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { type Element, xml } from '../../session/xml.js';
import { isNobodyThere } from '../conditions.js';
import { discoverInfo } from '../disco.js';
import { randomSid } from '../sid.js';
import type { BytestreamLink } from './bytestream-link.js';
import type { MessageCarrier } from './sending/message-carrier.js';
import type { PeerState } from './sending/stall-watch.js';
import type { Window } from './sending/window.js';
import type { StanzaMode } from './stanzas.js';
import * as stanzas from './stanzas.js';

const CLOSE_TIMEOUT_MS = 60_000;

/** How blocks go in messages. */
export interface InMessages {
  carrier: MessageCarrier;
  window: Window;
}

interface LinkOptions {
  /** Sends the blocks, in messages; without it they go in iqs. */
  carrier?: MessageCarrier | undefined;
  /** Called where they are to go in messages after all. */
  otherwise?: (() => InMessages) | undefined;
  /** Milliseconds. Default 60,000: the recipient may have to make a whole file durable before it answers. */
  closeTimeout?: number | undefined;
}

/** Sends the stanzas of a bytestream to its peer. */
export class PeerLink implements BytestreamLink {
  readonly useMessages: (() => Window) | undefined;
  readonly #session: Session;
  readonly #peer: string;
  readonly #sid: string;
  readonly #closing: RequestOptions;
  #carrier: MessageCarrier | undefined;

  constructor(
    session: Session,
    peer: string,
    sid: string,
    { carrier, otherwise, closeTimeout = CLOSE_TIMEOUT_MS }: LinkOptions,
  ) {
    this.#session = session;
    this.#peer = peer;
    this.#sid = sid;
    this.#carrier = carrier;
    this.#closing = { timeout: closeTimeout };
    this.useMessages = otherwise && (() => this.#goIn(otherwise()));
  }

  get stanza(): StanzaMode {
    return this.#carrier ? 'message' : 'iq';
  }

  sendData(seq: number, bytes: Buffer, signal: AbortSignal): Promise<void> {
    if (this.#carrier) return this.#carrier.send(seq, bytes, signal);
    // The bytestream itself watches that blocks are acknowledged.
    const options = { timeout: Number.POSITIVE_INFINITY, signal };
    return this.#request(stanzas.data(this.#sid, seq, bytes), options);
  }

  spoil(seq: number, bytes: Buffer): Promise<void> {
    if (this.#carrier) return this.#carrier.spoil(seq, bytes);
    return this.#request(stanzas.data(this.#sid, seq, bytes), this.#closing);
  }

  sendClose(): Promise<void> {
    return this.#request(stanzas.close(this.#sid), this.#closing);
  }

  async findPeer(): Promise<PeerState> {
    const found = await findPeer(this.#session, this.#peer);
    // A peer that takes messages need not answer iqs.
    return this.#carrier && found === 'deaf' ? 'there' : found;
  }

  #goIn({ carrier, window }: InMessages): Window {
    this.#carrier = carrier;
    return window;
  }

  async #request(element: Element, options: RequestOptions): Promise<void> {
    await this.#session.request('set', this.#peer, element, options);
  }
}

/** As long as that of each request. */
const ID = randomBytes(16).toString('base64url');

/** Bytes of a block's iq beside its base64, as the recipient's server writes it. */
export const frameOfIq = (from: string, to: string, sid: string): number =>
  stanzas.frameOf(sid, (block) => xml('iq', { type: 'set', to, id: ID, from }, block));

/** Milliseconds to show a sign of life: less than for answers that need the disk or a person. */
const SIGN_OF_LIFE_MS = 10_000;

/**
 * Closes a bytestream that never was: a peer that is there answers that it does not know it, and a server that nobody
 * is there. A peer that answers nothing to this (xmpp4r) may still answer what there is (XEP-0030).
 */
export async function findPeer(session: Session, peer: string): Promise<PeerState> {
  const asked = session.request('set', peer, stanzas.close(randomSid()));
  const found = await stateBy(asked, 'there');
  if (found !== 'silent' || session.ended.aborted) return found;
  return stateBy(discoverInfo(session, peer, undefined, { timeout: SIGN_OF_LIFE_MS }), 'deaf');
}

async function stateBy(answer: Promise<unknown>, there: PeerState): Promise<PeerState> {
  try {
    await answer;
    return there;
  } catch (error) {
    if (!(error instanceof StanzaError)) return 'silent';
    return isNobodyThere(error) ? 'gone' : there;
  }
}
