import type { Element } from './xml.js';

/** How long the answer to a request is waited for, and how it is read. */
export interface RequestOptions {
  /** Milliseconds online until `RequestTimeout`; `Number.POSITIVE_INFINITY` never. Default 30,000. */
  timeout?: number | undefined;
  /** Aborted: the answer is not waited for any more; the request may have been carried out. */
  signal?: AbortSignal | undefined;
  /**
   * Reads an answer of any length as it comes: called with each child of its payload, which the result then has none
   * of. Where the connection is cut in between, the first ones come again.
   */
  onItem?: ((item: Element) => void) | undefined;
}

/** What a handler is told about the request beside its payload. */
export interface IqContext {
  /** The sender's JID as the server stamped it; the own bare JID where the server left it out. */
  from: string;
  /** The request's, at most 1024 bytes. */
  id: string;
  /** Resolves when the answer is written: what is written then, in the same turn, leaves with it. */
  answered: Promise<void>;
}

/**
 * Answers a request: the payload of the result, or nothing for an empty one.
 * Throws `StanzaError` to refuse; anything else becomes `internal-server-error`.
 */
export type IqHandler = (
  payload: Element,
  context: IqContext,
) => Promise<Element | undefined> | Element | undefined;

/** Called with each stanza that comes. */
export type StanzaListener = (stanza: Element) => void;

/**
 * `resuming`: the connection is cut and being resumed (XEP-0198 §5); what is sent meanwhile goes out when it
 * is `online` again, as goes again all that the server has not acknowledged. `offline` is final.
 */
export type SessionState = 'online' | 'resuming' | 'offline';

/** A logged-in XMPP session, as protocol code sees it. Undo of each registration: the function returned. */
export interface Session {
  /** The own full JID, as the server bound it. */
  readonly jid: string;

  /** The largest stanza that the server takes, in bytes, where it says so (XEP-0478). */
  readonly maxStanzaBytes: number | undefined;

  /** Where it is; while it is `resuming`, timeouts of transfers stand still. */
  readonly state: SessionState;

  /** Aborted when the session ends; the reason is the error that it ended with. */
  readonly ended: AbortSignal;

  /**
   * Sends an iq and resolves to the result stanza, matched by id and by sender (RFC 6120 §8.1.2.1).
   * Rejects with `StanzaError`, also for an answer too large to be read; `UnsendableStanza` where the request is too
   * large to be sent; `RequestTimeout`, `ConnectionLost`, or the signal's reason; a TypeError for another type, a
   * RangeError for an option that cannot be.
   */
  request(
    type: 'get' | 'set',
    to: string | undefined,
    payload: Element,
    options?: RequestOptions,
  ): Promise<Element>;

  /** Answers iqs of this type whose only child is `<name xmlns=…/>`. One handler each. */
  handle(type: 'get' | 'set', xmlns: string, name: string, handler: IqHandler): () => void;

  /**
   * Writes a message or presence; resolves when it is handed to the network, after resuming if need be. Rejects with
   * `UnsendableStanza`, or the error that ended the session.
   */
  send(stanza: Element): Promise<void>;

  /**
   * Resolves when the server has taken charge of all that was sent before (XEP-0198 §4), or at once
   * where it has no stream management. Holds across a resumption. Rejects with the error that ends the session.
   */
  sync(): Promise<void>;

  /** Hears each message that comes, from anyone. */
  onMessage(listener: StanzaListener): () => void;
  /** Hears each presence that comes, from anyone. */
  onPresence(listener: StanzaListener): () => void;
  /** Hears each change of `state`. */
  onState(listener: (state: SessionState) => void): () => void;

  /** Tells `onError` of `connect` of an error in the program's own code that nobody else catches. Never throws. */
  report(error: Error): void;

  /** Ends the stream and the connection; always resolves, within some seconds. */
  close(): Promise<void>;
}
