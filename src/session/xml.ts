import { xml as build } from '@xmpp/xml';

/**
 * Bytes as the text of an element, in base64 (RFC 4648 §4) that is made each time the element is written: what is kept
 * of a stanza until the server has it takes no more memory than they do.
 */
export class Base64 {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  toString(): string {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  }
}

/** An XML element, as much of the library's class as the rest of the program needs. */
export interface Element {
  readonly name: string;
  readonly attrs: Record<string, string | undefined>;
  readonly children: (Element | string | Base64)[];
  is(name: string, xmlns?: string): boolean;
  getName(): string;
  getNS(): string | undefined;
  getChild(name: string, xmlns?: string): Element | undefined;
  getChildren(name: string, xmlns?: string): Element[];
  getChildElements(): Element[];
  getText(): string;
  append(...children: (Element | string)[]): this;
  toString(): string;
}

type Attributes = Record<string, string | number | undefined>;

/** Builds an element; attributes that are `undefined` are left out. */
export function xml(
  name: string,
  attrs: Attributes = {},
  ...children: (Element | string | Base64 | undefined)[]
): Element {
  const present = Object.fromEntries(
    Object.entries(attrs).filter(([, value]) => value !== undefined),
  );
  return build(name, present, ...children.filter((child) => child !== undefined));
}

const NOT_IN_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Text of any origin as XML can carry it: a server ends the stream over other characters (XML 1.0 §2.2). */
export const xmlText = (text: string): string => text.replace(NOT_IN_XML, '\ufffd');
