// The two forms of a host-meta document (RFC 6415), of which XEP-0156 wants the addresses of WebSockets. Both come from
// outside: whatever is not as it should be is left out, and what cannot be read at all throws.

import { parseUrl } from '../parse-url.js';
import { StreamParser } from '../stream/parser.js';
import type { Element } from '../xml.js';

const NS_XRD = 'http://docs.oasis-open.org/ns/xri/xrd-1.0';
/** XEP-0156 §2.1. */
const WEBSOCKET = 'urn:xmpp:alt-connections:websocket';

/** Addresses that are tried of one domain; two do for a server and another one in its place. */
const MAX_ADDRESSES = 3;
const MAX_URL_LENGTH = 4096;

/** A link as either form has it, not yet looked at. */
interface Link {
  rel?: unknown;
  href?: unknown;
}

/** The addresses of WebSockets in an XRD document (XML). Throws where it is none. */
export function readXrd(text: string): URL[] {
  const links: Link[] = [];
  let isXrd = false;
  let isWhole = false;
  const parser = new StreamParser();
  parser.on('start', (root: Element) => {
    isXrd = root.is('XRD', NS_XRD);
  });
  parser.on('element', (element: Element) => {
    if (element.is('Link', NS_XRD)) links.push(element.attrs);
  });
  parser.on('end', () => {
    isWhole = true;
  });
  parser.write(withoutComments(text.trim()));
  if (!isXrd || !isWhole) throw new Error('it is no XRD document');
  return addressesOf(links);
}

/** XMPP forbids comments, and so does the parser; people who write such a document by hand know nothing of that. */
function withoutComments(text: string): string {
  const [first = '', ...others] = text.split('<!--');
  const behind = others.map((part) => {
    const end = part.indexOf('-->');
    if (end < 0) throw new Error('a comment does not end');
    return part.slice(end + '-->'.length);
  });
  return [first, ...behind].join('');
}

/** The same in a JRD document (JSON, RFC 6415 appendix A). */
export function readJrd(text: string): URL[] {
  const document: unknown = JSON.parse(text);
  if (!isObject(document)) throw new Error('it is no JRD document');
  const { links = [] } = document as { links?: unknown };
  if (!Array.isArray(links)) throw new Error('its links are no list');
  return addressesOf(links.filter(isObject));
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The first few, for a server must not have us try for ever; their order means nothing (XEP-0156 §2.2). */
function addressesOf(links: readonly Link[]): URL[] {
  const urls = new Map<string, URL>();
  for (const { rel, href } of links) {
    const url = rel === WEBSOCKET ? readAddress(href) : undefined;
    if (url) urls.set(url.href, url);
    if (urls.size === MAX_ADDRESSES) break;
  }
  return [...urls.values()];
}

/** XEP-0156 §2.2: encrypted ones alone. RFC 6455 §3: without a fragment. */
function readAddress(href: unknown): URL | undefined {
  if (typeof href !== 'string' || href.length > MAX_URL_LENGTH) return undefined;
  const url = parseUrl(href);
  const isPlain = url?.username === '' && url.password === '' && url.hash === '';
  return isPlain && url.protocol === 'wss:' ? url : undefined;
}
