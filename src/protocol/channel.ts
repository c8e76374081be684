// What carries the bytes of a file, whichever XEP says how. `test/protocol/channel-suite.ts` holds each kind to this.
import type { Duplex, Readable, Writable } from 'node:stream';
import { reasonOf } from '../session/dial/network-reason.js';

/** How bytes of ours go out, where that is in blocks. */
export interface InBlocks {
  /** Bytes in a block. */
  blockSize: number;
  /** Blocks that may be under way. */
  window: number;
}

/** What takes the bytes of a file on their way out: a channel, or something that has bytes go one way alone. */
export type Outlet = Writable &
  Pick<
    Channel,
    'peer' | 'bytesSent' | 'bytesUnderWay' | 'provenBlock' | 'unprovenBlock' | 'inBlocks' | 'lane'
  >;

/** What hands over the bytes of a file on their way in: a channel, or something that has bytes go one way alone. */
export type Inlet = Readable & Pick<Channel, 'peer' | 'lane' | 'bytesReceived' | 'paceArrivals'>;

/**
 * Ordered bytes both ways between two full JIDs. Reading with `for await` takes each chunk when the one before has been
 * dealt with, which is the peer's sign to send more. Our own side stays open at the end; a loop that is left before it
 * breaks the channel off.
 *
 * `end()` sends what is left and closes; `finish` means that the peer has acknowledged that. When the peer closes, the
 * readable side ends; a channel that we have opened closes then, and one that the peer has opened stays open until our
 * side ends, or `acknowledgeClose` is called. `destroy()` breaks it off in a way that the peer cannot take for its end.
 *
 * Emits `acknowledged` when the peer has taken bytes of ours; and `arrived` when some of the peer's have come that are to
 * wait for others before the reader gets them.
 */
export interface Channel extends Duplex {
  /** The other party: a full JID, a domain, or a service. */
  readonly peer: string;
  /** Bytes of ours that the peer has acknowledged, as far as it is told. */
  readonly bytesSent: number;
  /** Bytes of ours that have left, and that the peer has not acknowledged. */
  readonly bytesUnderWay: number;
  /** Bytes of the largest block that was acknowledged; 0 where there are no blocks. */
  readonly provenBlock: number;
  /**
   * Bytes of the largest block under way, where none so large was acknowledged before: it may be too large for somebody
   * on the way. Otherwise 0.
   */
  readonly unprovenBlock: number;
  /** As it is by now; absent where there are no blocks. */
  readonly inBlocks?: InBlocks | undefined;
  /** What it goes by beside the XMPP stream: a proxy, by its JID, or `direct`. Absent: it goes in-band, or to a server. */
  readonly lane?: string | undefined;
  /**
   * Waits for what this returns, told of each part that has come from the peer, before it takes the next one. Absent where
   * the reader gets each part by itself, and can wait.
   */
  paceArrivals?(pace: (bytes: number) => Promise<void>): void;
  /** Bytes of the peer's that were handed to the reader. */
  readonly bytesReceived: number;
  /** The peer has acknowledged our close: it has all that we sent. A peer that closes first says nothing of that. */
  readonly closeAcknowledged: boolean;
  /** Resolves when the peer's close has come, or cannot come any more. */
  readonly peerClosed: Promise<void>;
  /**
   * The readable side ends after so many bytes, for their number was agreed on elsewhere and not each peer closes; a
   * close that comes later is acknowledged all the same. More bytes break the channel off (`ChannelOverrun`).
   */
  endAt(bytes: number): void;
  /** Acknowledges the peer's close; resolves when it has come, or cannot come any more. Sends none. */
  acknowledgeClose(): Promise<void>;
  /** The peer has said elsewhere that nothing more comes, which counts as its close. */
  assumeClosed(): void;
  /**
   * The peer has said elsewhere that it has so many bytes of ours. Where they are all, our close is sent, and counts as
   * acknowledged.
   */
  assumeTaken(bytes: number): void;
  /**
   * The peer has said elsewhere that it works on what it has of ours: it may take longer to acknowledge that. Absent where
   * it may take as long as it likes.
   */
  assumeAtWork?(): void;
  /** Ends it without a word to the peer, who cannot hear it or has never known of it. */
  abandon(error?: Error): void;
}

/** The peer closed the channel before it had everything, refused bytes, or sent some that cannot be used. */
export class ChannelBroken extends Error {
  override readonly name: string = 'ChannelBroken';
  constructor(
    /** Bytes that the peer did not acknowledge. */
    readonly unsent: number,
    /** What the peer answered, or did: a `StanzaError` where it refused bytes. */
    override readonly cause: Error,
    message?: string,
  ) {
    const rest = unsent > 0 ? ` before the last ${unsent} bytes` : '';
    super(message ?? `the other side broke it off${rest} (${reasonOf(cause)})`);
  }

  /** The peer closed, or something on the way did in its place, before all was there that it had agreed to send. */
  static byEarlyClose(unsent: number): ChannelBroken {
    return new ChannelBroken(unsent, new Error('it closed too early'));
  }
}

/**
 * The peer has acknowledged all bytes, but not the close: there was no answer, or it knew of no such channel any more.
 * Some clients do so when they have the whole file.
 */
export class CloseUnconfirmed extends ChannelBroken {
  override readonly name = 'CloseUnconfirmed';
  constructor(cause: Error) {
    super(0, cause);
  }
}

/** The peer sent more than was agreed on: it may have sent other bytes from the start. */
export class ChannelOverrun extends ChannelBroken {
  override readonly name = 'ChannelOverrun';
  constructor(unsent: number) {
    super(unsent, new Error('it sent more than was agreed on'));
  }
}

/** Bytes were lost on the way, or it is unknown whether they arrived. A layer above may resume. */
export class ChannelLost extends Error {
  override readonly name = 'ChannelLost';
}

/** There is no channel: nobody opened the expected one in time, or none could be opened. */
export class ChannelNotOpened extends Error {
  override readonly name = 'ChannelNotOpened';
}
