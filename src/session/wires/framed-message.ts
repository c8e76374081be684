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
 * Reads messages as they come, with all the limits of a stream, by the same parser: one that is too large is emptied, and
 * takes no more memory than another one. Both methods throw for what is not one whole element.
 */
export class MessageReader {
  readonly #parser: StreamParser;
  #isBegun = false;
  #element: Element | undefined;

  /** `readerOf`: see `StreamParser`. */
  constructor(readerOf: (head: Element) => ItemReader | undefined) {
    this.#parser = new StreamParser(readerOf);
    this.#parser.on('element', (element: Element) => {
      if (this.#element) throw notOne();
      this.#element = element;
    });
    this.#parser.on('end', () => {
      throw notOne();
    });
    // In place of the stream's own element; it declares nothing that a message could make use of.
    this.#parser.write('<message>');
  }

  /** Some more text of the message. */
  write(text: string): void {
    if (!this.#isBegun && !text.startsWith('<')) throw notOne();
    this.#isBegun = true;
    this.#parser.write(text);
  }

  /** The message is over; returns what was in it. */
  end(): Element {
    const element = this.#element;
    if (!element || !this.#parser.betweenStanzas) throw notOne();
    this.#isBegun = false;
    this.#element = undefined;
    return element;
  }
}

const notOne = () => new Error('the server sent a WebSocket message that is not one whole element');
