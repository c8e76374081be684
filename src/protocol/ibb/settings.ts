import { TRANSFER_DEFAULTS } from './defaults.js';
import type { RetrySettings } from './sending/retry-waits.js';
import { MAX_BLOCK_SIZE, type StanzaMode } from './stanzas.js';
import type { LeastPace } from './watch-peer.js';

/** Settings of a bytestream; those of the service are the defaults of its bytestreams. */
export interface BytestreamSettings extends RetrySettings {
  /**
   * Bytes in a block, before base64; 1 to 65535. `auto`: as many as deliver most, up to what both sides and the server
   * allow, and to 48,000. Default `auto`.
   */
  blockSize: number | 'auto';
  /** Bytes in a block at most, where that is `auto`: more would take too long. Default 48,000. */
  largestAutoBlock?: number | undefined;
  /** Blocks that may be under way, or as many as deliver most. Default `auto`. */
  window: number | 'auto';
  /** How blocks travel; `auto`: in iqs, and in messages where the peer takes none in iqs. Default `auto`. */
  stanza: StanzaMode | 'auto';
}

/** Settings of all bytestreams of a session, and what peers may open (XEP-0047 §2.1). */
export interface ServiceSettings extends BytestreamSettings {
  /** The largest block size that is accepted, in bytes. Default 65535. */
  maxBlockSize: number;
  /**
   * Bytes that the reader gets at a time, and acknowledges together, but for a block that is larger: one who reads slowly
   * takes no gulps. Default 262,144.
   */
  mostTaken?: number | undefined;
  /** Bytestreams that may be open when one that nobody expects is accepted. Default 0: none is. */
  sessionLimit: number;
  /** What a peer must do to keep a bytestream that it opened. Default: no more than be there. */
  pace?: LeastPace | undefined;
}

export const DEFAULTS: ServiceSettings = {
  ...TRANSFER_DEFAULTS,
  maxBlockSize: MAX_BLOCK_SIZE,
  sessionLimit: 0,
};

/** What the peer is told. */
export const agreedStanza = (stanza: StanzaMode | 'auto'): StanzaMode =>
  stanza === 'auto' ? 'iq' : stanza;

/** A block's stanza beside its base64: two long JIDs (the server adds one), the sid, the names. */
const STANZA_OVERHEAD_BYTES = 1024;

/** The largest block whose stanza the server takes (XEP-0478). */
export function largestBlock(maxStanzaBytes = Number.POSITIVE_INFINITY): number {
  return Math.max(Math.floor((maxStanzaBytes - STANZA_OVERHEAD_BYTES) * 0.75), 1);
}
