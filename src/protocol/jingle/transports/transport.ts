// How Jingle carries a channel (XEP-0166 §5). `test/protocol/jingle/transports/transport-suite.ts` holds each transport
// to this.
import type { Element } from '../../../session/xml.js';
import type { Channel } from '../../channel.js';
import type { TransportSettings } from './settings.js';

/** The Jingle session in which a channel is negotiated, as far as a transport needs it. */
export interface Negotiators {
  /** The other party's full JID. */
  readonly peer: string;
  /** What the parties tell of themselves is for the peer alone, and no server reads it. */
  readonly isSealed?: boolean | undefined;
  /**
   * Aborted when nothing will come of the negotiation: the Jingle session has ended, or another transport was agreed
   * on.
   */
  readonly over: AbortSignal;
  /** Sends a `transport-info`. Rejects as `request` does. */
  inform(transport: Element): Promise<void>;
}

/** What is known of a transport before there is a Jingle session. */
export interface TransportMethod {
  /** The namespace of its element. */
  readonly xmlns: string;
  /** What is advertised by those who can use it (XEP-0030). */
  readonly features: readonly string[];
}

/** A `<transport/>` as it travels. */
export interface Described {
  /** What servers read. */
  outside: Element;
  /** All of it, sealed: there where the session is, and where the outside is not all. */
  inside?: Element | undefined;
}

/** How Jingle carries a channel (XEP-0166 §5); `ibbTransport` makes one. */
export interface Transport extends TransportMethod {
  /**
   * The bytes go beside the XMPP stream, and the elements tell addresses: what of one servers read where the session is
   * sealed. Absent where there is nothing to hide.
   */
  readonly outside?: ((transport: Element) => Element) | undefined;
  /** Begins a negotiation with a transport of ours. */
  offer(negotiators: Negotiators, settings: TransportSettings): Negotiation;
  /**
   * Settings for another offer, where these may be what the peer could not use: nothing where they ask for no more than
   * each peer knows. Absent where there are none such.
   */
  cautious?(settings: TransportSettings): TransportSettings | undefined;
  /**
   * Begins a negotiation with what the peer offers. The settings are there where we are to open the channel. Throws
   * `StanzaError` for what cannot be used.
   */
  answer(
    negotiators: Negotiators,
    transport: Element,
    settings: TransportSettings | undefined,
  ): Negotiation;
}

/** How two parties agree on one channel. */
export interface Negotiation {
  /** Names the channel to come. */
  readonly sid: string;
  /** A peer that has forgotten the Jingle session could take the channel for one that was opened for its own sake. */
  readonly standsAlone: boolean;
  /**
   * Our `<transport/>`: what is offered, or the answer to what the peer has offered. Called when it is to be sent and
   * not before, for whoever gets it learns what is in it, an address for instance.
   */
  describe(): Promise<Element>;
  /** Takes the peer's answer to what we have offered. Throws `StanzaError` for one that does not fit. */
  agreed(transport: Element): void;
  /** Takes a `transport-info`. Absent where there are none. Throws `StanzaError`. */
  informed?(transport: Element): void;
  /**
   * Opens the channel, as the party that sends the file. Rejects with the signal's reason, with `ChannelNotOpened`, or as
   * `request` does where it is the peer that was asked.
   */
  open(signal: AbortSignal): Promise<Channel>;
  /** Resolves to the channel that the other party opens, which is half-open. Rejects as `open` does. */
  expect(signal: AbortSignal): Promise<Channel>;
}
