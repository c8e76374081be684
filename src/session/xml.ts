import { xml as build } from '@xmpp/xml';

/**
 * Bytes as the text of an element, in base64 (RFC 4648 §4) that is made each time the element is written: what is kept
 * of a stanza until the server has it takes no more memory than they do.
 */
export class Base64 {
  readonly #bytes: Uint8Array;

  /** They are read each time it is written, and so must not change. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The text. */
  toString(): string {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  }
}

/** An XML element, as much of the library's class as the rest of the program needs. */
export interface Element {
  /** As it is written, with its prefix if there is one. */
  readonly name: string;
  /** Attributes, `xmlns` among them where it is written. */
  readonly attrs: Record<string, string | undefined>;
  /** In their order: elements, and text. */
  readonly children: (Element | string | Base64)[];
  /** Whether it has this name, and this namespace if one is given. */
  is(name: string, xmlns?: string): boolean;
  /** Its name without a prefix. */
  getName(): string;
  /** Its namespace, inherited or its own. */
  getNS(): string | undefined;
  /** The first one that has this name, and this namespace if one is given. */
  getChild(name: string, xmlns?: string): Element | undefined;
  /** All that have this name, and this namespace if one is given. */
  getChildren(name: string, xmlns?: string): Element[];
  /** All children but text. */
  getChildElements(): Element[];
  /** The text that stands directly in it. */
  getText(): string;
  /** Adds children at its end; returns it. */
  append(...children: (Element | string)[]): this;
  /** As XML. */
  toString(): string;
}

/** Builds an element; attributes that are `undefined` are left out. */
export function xml(
  name: string,
  attrs: Record<string, string | number | undefined> = {},
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
