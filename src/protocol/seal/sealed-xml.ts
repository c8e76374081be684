// Elements as they stand inside the seal.
import { StreamParser } from '../../session/stream/parser.js';
import { serialize } from '../../session/stream/serialize.js';
import type { Element } from '../../session/xml.js';
import { SealBroken } from './seal-broken.js';

/** An element as a text. Throws `UnsendableStanza` for what XML cannot have. */
export const xmlText = (element: Element): string => serialize(element);

/** What no element begins or ends with, what is in none that is written here, and characters that XML has not (§2.2). */
const FOREIGN = /^[^<]|[^>]$|<[!?]|[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/**
 * The one element of a text, by the parser that reads what servers send, and forgives more than is one. Throws `SealBroken`
 * for anything else.
 */
export function elementOf(text: string): Element {
  if (FOREIGN.test(text)) throw new SealBroken();
  const elements: Element[] = [];
  const parser = new StreamParser();
  parser.on('element', (element: Element) => elements.push(element));
  try {
    parser.write('<sealed xmlns="jabber:client">');
    parser.write(text);
  } catch (error) {
    throw new SealBroken({ cause: error });
  }
  const [only, ...others] = elements;
  if (!only || others.length > 0 || !parser.betweenStanzas) throw new SealBroken();
  return only;
}
