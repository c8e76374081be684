import { Base64, type Element, xmlText } from '../xml.js';

/** A stanza cannot go out: it is too large for the server, or XML cannot say it. The connection is as it was. */
export class UnsendableStanza extends Error {
  override readonly name = 'UnsendableStanza';
}

/** Prosody and ejabberd end the stream at 256 KiB, as shipped; ejabberd at the last of these bytes. */
const DEFAULT_MAX_BYTES = 256 * 1024 - 1;

/** A UTF-16 code unit has at most so many bytes in UTF-8. */
const MAX_BYTES_OF_UNIT = 3;

/** Namespaces in XML 1.0 §3: what these are bound to may not be bound to another prefix. */
const RESERVED = ['http://www.w3.org/XML/1998/namespace', 'http://www.w3.org/2000/xmlns/'];
const PREDECLARED: Scope = new Map([['xml', RESERVED[0] as string]]);

const NAME_START =
  'A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d' +
  '\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const PART = `[${NAME_START}][${NAME_START}\\-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040]*`;
const PLAIN_NAME = /^[A-Za-z_][\w.-]*$/;
const QUALIFIED_NAME = new RegExp(`^${PART}(:${PART})?$`, 'u');

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};
const escaped = (character: string) => ESCAPES[character] as string;

/** What needs a second look: markup, all outside of ASCII, control characters. */
const SUSPICIOUS = /[^ !#$%(-;=?-~]/;

/** Namespaces by prefix. */
type Scope = ReadonlyMap<string, string>;

/**
 * Writes an element so that the server can read it, whatever is in it: characters that XML forbids become U+FFFD.
 * Escapes no more than must be: what a peer has sent is hardly longer when it goes back. Throws `UnsendableStanza`
 * for more than `maxBytes` of UTF-8, and for names that are none or whose prefix nobody declares.
 */
export function serialize(element: Element, maxBytes = DEFAULT_MAX_BYTES): string {
  const text = write(element, PREDECLARED);
  if (text.length * MAX_BYTES_OF_UNIT <= maxBytes) return text;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  throw new UnsendableStanza(
    `a stanza of ${bytes} bytes is too large; the server takes ${maxBytes}`,
  );
}

/** Recursive: what we build, and what we read (`MAX_DEPTH` of the parser), is not deep. */
function write({ name, attrs, children }: Element, outer: Scope): string {
  const scope = declare(attrs, outer);
  let text = `<${checkName(name, scope)}`;
  let prefixed = 0;
  for (const [attribute, value] of Object.entries(attrs)) {
    if (value === undefined) continue;
    if (attribute.includes(':')) prefixed += 1;
    text += ` ${checkAttribute(attribute, scope)}=${quote(value)}`;
  }
  if (prefixed > 1) checkDistinct(Object.keys(attrs), scope);
  if (children.length === 0) return `${text}/>`;
  text += '>';
  for (const child of children) {
    text += writeChild(child, scope);
  }
  return `${text}</${name}>`;
}

function writeChild(child: Element['children'][number], scope: Scope): string {
  if (typeof child === 'string') return writeText(child);
  return child instanceof Base64 ? child.toString() : write(child, scope);
}

function quote(value: string): string {
  if (!SUSPICIOUS.test(value)) return `"${value}"`;
  const text = xmlText(value);
  // Within the quotes of the other kind a quote is one byte long, as it was for who has sent it.
  return count(text, '"') > count(text, "'")
    ? `'${text.replace(/[&<'\t\n\r]/g, escaped)}'`
    : `"${text.replace(/[&<"\t\n\r]/g, escaped)}"`;
}

const count = (text: string, character: string) => text.split(character).length - 1;

/** The end of a marked section, `]]>`, may not stand in a text; its parts may be two texts. */
function writeText(value: string): string {
  if (!SUSPICIOUS.test(value)) return value;
  return xmlText(value).replace(/[&<\r]|(?<=\]\]|^\]?)>/g, escaped);
}

function declare(attrs: Element['attrs'], outer: Scope): Scope {
  let scope: Map<string, string> | undefined;
  for (const [name, value] of Object.entries(attrs)) {
    if (value === undefined || !/^xmlns(:|$)/.test(name)) continue;
    const prefix = name.slice('xmlns:'.length);
    const forbidden = RESERVED.includes(value) || (name !== 'xmlns' && !value);
    if (forbidden || /^xml(ns)?$/.test(prefix)) throw malformed(name);
    if (prefix) scope = (scope ?? new Map(outer)).set(prefix, value);
  }
  return scope ?? outer;
}

function checkAttribute(name: string, scope: Scope): string {
  return checkName(name, name.startsWith('xmlns:') ? undefined : scope);
}

/** Without a scope any prefix will do. */
function checkName(name: string, scope: Scope | undefined): string {
  if (PLAIN_NAME.test(name)) return name;
  if (!QUALIFIED_NAME.test(name)) throw malformed(name);
  const [prefix = '', local] = name.split(':');
  if (local !== undefined && scope && !scope.has(prefix)) throw malformed(name);
  return name;
}

/** Namespaces in XML 1.0 §6.3: two prefixes may stand for one namespace. */
function checkDistinct(names: string[], scope: Scope): void {
  const seen = new Set<string>();
  for (const name of names) {
    const [prefix = '', local] = name.split(':');
    if (local === undefined) continue;
    const expanded = `${scope.get(prefix) ?? prefix} ${local}`;
    if (seen.has(expanded)) throw malformed(name);
    seen.add(expanded);
  }
}

const malformed = (name: string) =>
  new UnsendableStanza(`"${name.slice(0, 50)}" cannot be written as XML here`);

/**
 * Makes its text, as often as that is asked for: what remembers how holds the stanza, and not its text. `addedBytes`
 * are to come to it.
 */
export const textMaker =
  (stanza: Element, maxBytes = DEFAULT_MAX_BYTES, addedBytes = 0): (() => string) =>
  () =>
    serialize(stanza, maxBytes - addedBytes);
