import type { EndingLink } from './ending.js';
import type { OutgoingOptions } from './sending/outgoing-options.js';
import type { PeerState } from './sending/stall-watch.js';
import type { Window } from './sending/window.js';
import type { StanzaMode } from './stanzas.js';

/** The stanzas of one bytestream, as it needs them sent. */
export interface BytestreamLink extends EndingLink {
  /** How blocks travel. */
  readonly stanza: StanzaMode;
  /** Resolves when the block is acknowledged. Aborted: nobody waits for that any more. */
  sendData(seq: number, bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Whether the peer is still there, as far as can be known. */
  findPeer(): Promise<PeerState>;
  /** From now on blocks go in messages, in this window; absent where they are not to. */
  useMessages?: (() => Window) | undefined;
}

export interface BytestreamOptions extends Pick<OutgoingOptions, 'window' | 'retry' | 'clock'> {
  /** The other party's full JID. */
  peer: string;
  sid: string;
  blockSize: number;
  /** See `ServiceSettings`. */
  mostTaken?: number | undefined;
  /** How many bytestreams there are, this one among them; default: 1. */
  count?: (() => number) | undefined;
  /** The peer opened it. What comes in may have to be made durable when it ends, and our side ends by itself. */
  isAccepted: boolean;
}
