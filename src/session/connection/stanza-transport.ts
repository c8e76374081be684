import type { Element } from '../xml.js';

/** What carries the stanzas of a session. */
export interface StanzaTransport {
  /** Resolves when the stanza is handed to the network. Rejects with `UnsendableStanza` where it cannot be. */
  write(stanza: Element): Promise<void>;
  /** Whether so much waits to be sent to this one that nothing more of it is to be looked at. */
  isFull?(to: string): boolean;
  /** Whether so much waits for this one that a long answer would be too late. */
  isBehind?(to: string): boolean;
  /** See `Session`; without it nothing is known of what becomes of a stanza. */
  sync?(): Promise<void>;
  close(): Promise<void>;
}
