import type { Element } from '../xml.js';
import type { ChannelBinding } from './channel-binding.js';
import type { ItemReader } from './parser.js';

/** The two sides of a stream (RFC 6120 §4.7): the domain of the server, and the bare JID of the account. */
export interface StreamAddresses {
  to: string;
  from: string;
}

/** Takes what comes on a stream. What it throws ends the connection. */
export interface StreamReader {
  /** Called with each whole element below that of the stream. */
  element(element: Element): void;
  /** See `StreamParser`. */
  itemReader(head: Element): ItemReader | undefined;
  /** Called when the server has said that the stream is over. */
  end(): void;
}

/** White space between stanzas (RFC 6120 §4.6.1), by which they are aligned with the server's reads. */
export interface Alignment {
  /** Bytes of white space that filled up what was written. */
  readonly paddedBytes: number;
  /**
   * The server has taken stanzas of so many characters. Returns whether what follows is to be aligned with its reads,
   * by `alignAfter`.
   */
  taken(characters: number): boolean;
  /** `taken` settles when the server has taken all that was written; until then nothing more goes out. */
  alignAfter(taken: Promise<void>): void;
}

/**
 * An encrypted connection, and how it carries a stream: what opens it and ends it, and where each element begins and
 * ends.
 */
export interface Wire {
  /** Resolves when the connection is gone, to the error that ended it, if one did. */
  readonly closed: Promise<Error | undefined>;
  /** The version of TLS, such as `TLSv1.3`. */
  readonly tls: string;
  /** What binds a login to this connection. */
  readonly channelBinding: ChannelBinding | undefined;
  /** Whether what came so far ends with a whole element. */
  readonly isBetween: boolean;
  /** Absent where nothing may stand between stanzas. */
  readonly alignment?: Alignment;
  /** Characters that wait to be handed to the network. */
  readonly unsentCharacters: number;
  /** Bytes that each stanza takes beside its own. */
  readonly addedBytes: number;
  /** Opens a stream in place of the one before, whose reader hears nothing more. */
  open(addresses: StreamAddresses, reader: StreamReader): void;
  /** Calls the listener whenever something arrives, a keepalive too; to be called after `open`. */
  onRead(listener: () => void): void;
  /** Writes one element; resolves when it is handed to the network. */
  write(text: string): Promise<void>;
  /** Tells the server that the stream is over. It is to do the same, and then the connection ends. */
  end(): void;
  /** Cuts the connection because of an error. */
  fail(error: Error): void;
  /** Cuts the connection. */
  destroy(): void;
}
