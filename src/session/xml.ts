import { xml as build } from '@xmpp/xml';

/** An XML element, as much of the library's class as the rest of the program needs. */
export interface Element {
  readonly name: string;
  readonly attrs: Record<string, string | undefined>;
  readonly children: (Element | string)[];
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
  ...children: (Element | string | undefined)[]
): Element {
  const present = Object.fromEntries(
    Object.entries(attrs).filter(([, value]) => value !== undefined),
  );
  return build(name, present, ...children.filter((child) => child !== undefined));
}

const NOT_IN_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Text of any origin as XML can carry it: a server ends the stream over other characters (XML 1.0 §2.2). */
export const xmlText = (text: string): string => text.replace(NOT_IN_XML, '\ufffd');
