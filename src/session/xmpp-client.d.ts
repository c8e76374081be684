// @xmpp/client ships no types; this is the part of 0.14 that the session uses.
declare module '@xmpp/client' {
  import type { EventEmitter } from 'node:events';

  // biome-ignore lint/suspicious/noExplicitAny: the library's elements, seen through src/session/xml.ts
  type LibraryElement = any;

  export class Parser extends EventEmitter {
    write(text: string): void;
    onStartElement(name: string, attrs: Record<string, string>): void;
    onEndElement(name: string): void;
    onText(text: string): void;
    /** The element that is open. */
    cursor: LibraryElement;
  }

  export const xml: {
    (name: string, attrs: object, ...children: unknown[]): LibraryElement;
    Parser: typeof Parser;
  };

  /** Called when the server offers SASL mechanisms; rejecting ends the login. */
  type Authenticate = (
    run: (credentials: { username: string; password: string }, mechanism: string) => Promise<void>,
    mechanisms: string[],
  ) => Promise<void>;

  export class Transport {
    socketParameters(service: string): unknown;
  }

  export interface Entity extends EventEmitter {
    transports: (typeof Transport)[];
    /** In order of preference. */
    saslFactory: { _mechs: { name: string; mech: new () => object }[] };
    reconnect: { stop(): void };
    /** Milliseconds that a stream may take to open; 0: any. */
    timeout: number;
    connect(service: string): Promise<void>;
    open(options: { domain: string }): Promise<unknown>;
    write(text: string): Promise<void>;
    _onElement(element: LibraryElement): void;
  }

  export function client(options: {
    domain: string;
    username: string;
    credentials: Authenticate;
  }): Entity;
}
