// Messages of the framed stream (RFC 7395 §3.3): each is one whole element, and says all of its namespaces itself.
import { type ItemReader, StreamParser } from '../stream/parser.js';
import type { Element } from '../xml.js';

const NAMESPACE = ' xmlns="jabber:client"';

/** Bytes that a stanza is longer in a message than within the document of TCP, which has its namespace at the top. */
export const NAMESPACE_BYTES = NAMESPACE.length;

/** The name of an element, as `serialize` writes it, that has no namespace of its own. */
const BARE_NAME = /^<[^ />]+(?=(?: (?!xmlns=)[^ =]+=(?:"[^"]*"|'[^']*'))*\/?>)/;

/** An element as `serialize` writes it, with the namespace that it has on a stream. */
export const framed = (text: string): string => text.replace(BARE_NAME, `$&${NAMESPACE}`);

/**
 * Reads a message, with all the limits of a stream. `readerOf`: see `StreamParser`. Throws for what is not one whole
 * element.
 */
export function readMessage(
  text: string,
  readerOf: (head: Element) => ItemReader | undefined,
): Element {
  const found: Element[] = [];
  let isOver = false;
  const parser = new StreamParser(readerOf);
  parser.on('element', (element: Element) => found.push(element));
  parser.on('end', () => {
    isOver = true;
  });
  // In place of the stream's own element; it declares nothing that the message could make use of.
  parser.write('<message>');
  parser.write(text);
  const [element] = found;
  const isWhole = text.startsWith('<') && !isOver && parser.betweenStanzas && found.length === 1;
  if (element && isWhole) return element;
  throw new Error('the server sent a WebSocket message that is not one whole element');
}
