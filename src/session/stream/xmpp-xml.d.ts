// @xmpp/xml ships no types; this is the part of 0.14 that the session uses.
declare module '@xmpp/xml' {
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

  export function xml(name: string, attrs: object, ...children: unknown[]): LibraryElement;
}
