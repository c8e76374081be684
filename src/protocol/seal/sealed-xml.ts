// Elements as they stand inside the seal.
import { StreamParser } from '../../session/stream/parser.js';
import { serialize } from '../../session/stream/serialize.js';
import type { Element } from '../../session/xml.js';
import { SealBroken } from './seal-broken.js';

/** An element as a text. Throws `UnsendableStanza` for what XML cannot have. */
export const xmlText = (element: Element): string => serialize(element);

/** The one element of a text, by the parser that reads what servers send. Throws `SealBroken` for anything else. */
export function elementOf(text: string): Element {
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
