import { Parser } from '@xmpp/xml';
import type { Element } from '../xml.js';
import { Tokenizer, type Tokens } from './tokenizer.js';

/**
 * What a stanza may take, in characters. Servers pass on 512 KiB between them, may write some characters as six,
 * and with the namespaces that they repeat there is no limit to it.
 */
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** What elements and attributes take beside their characters: 10,000 elements are the most that there can be. */
const ELEMENT_CHARACTERS = 419;
const ATTRIBUTE_CHARACTERS = 100;
const MAX_DEPTH = 32;

/** Kept of a stanza that is too large, each up to so many characters: what tells whose it is, and what it answers. */
const HEAD = new Set(['from', 'id', 'to', 'type', 'xmlns']);
const MAX_HEAD_CHARACTERS = 65_536;

/** Depths, the stream's own element being 1. */
const STANZA = 2;
const PAYLOAD = 3;
const ITEM = 4;

const emptied = new WeakSet<Element>();

/** Whether a stanza was too large, so that nothing of it is there but its name and the attributes that all have. */
export const isEmptied = (stanza: Element): boolean => emptied.has(stanza);

/** Takes what is in the payload of a stanza, one element at a time. */
export type ItemReader = (item: Element) => void;

/**
 * The library's parser with a tokenizer of our own, and limits. Anybody may send us a stanza that is too large, and it
 * must not end the stream: it is handed over without what is in it (`isEmptied`), and never takes more memory than a
 * stanza may. `write` throws on broken XML, which is the server's own.
 */
export class StreamParser extends Parser implements Tokens {
  readonly #tokenizer = new Tokenizer(this);
  readonly #readerOf: (head: Element) => ItemReader | undefined;
  #left = MAX_CHARACTERS;
  #depth = 0;
  /** The depth of what is emptied when it is too large: a stanza, or an item of one that is read by items. */
  #base = STANZA;
  #outermost: Element | undefined;
  #dropping = false;
  #reader: ItemReader | undefined;
  /** Whether there is something between stanzas that is no keepalive. */
  #isAstray = false;

  /** `readerOf`: asked by the attributes of a stanza who reads the items of its payload, for stanzas of any size. */
  constructor(readerOf: (head: Element) => ItemReader | undefined = () => undefined) {
    super();
    this.#readerOf = readerOf;
    this.on('error', (error) => {
      throw error;
    });
  }

  override write(text: string): void {
    this.#tokenizer.write(text);
  }

  /** Whether what came so far ends with a whole stanza (or with the stream's header). */
  get betweenStanzas(): boolean {
    return this.#depth === 1 && this.#tokenizer.isBetween && !this.#isAstray;
  }

  roomFor(attribute: string): number | undefined {
    if (!this.#dropping) this.took(ATTRIBUTE_CHARACTERS + attribute.length);
    if (!this.#dropping) return this.#left;
    return this.#depth === STANZA - 1 && HEAD.has(attribute) ? MAX_HEAD_CHARACTERS : undefined;
  }

  took(characters: number): void {
    this.#left -= characters;
    if (this.#left < 0) this.exceeded();
  }

  exceeded(): void {
    if (this.#depth === 0) throw new Error('the header of the stream is too long');
    this.#dropping = true;
    if (!this.#outermost) return;
    this.cursor = this.#outermost;
    this.#outermost.children.length = 0;
  }

  override onStartElement(name: string, attrs: Record<string, string>): void {
    this.#isAstray = false;
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.exceeded();
    if (!this.#dropping) this.took(ELEMENT_CHARACTERS + name.length);
    if (this.#dropping && this.#depth > this.#base) return;
    super.onStartElement(name, attrs);
    if (this.#depth === this.#base) this.#outermost = this.cursor;
    if (this.#dropping) return;
    if (this.#depth === STANZA) this.#reader = this.#readerOf(this.cursor);
    if (this.#depth === PAYLOAD && this.#reader) this.#goTo(ITEM, undefined);
  }

  override onText(text: string): void {
    if (this.#depth < STANZA) this.#isAstray ||= /\S/.test(text);
    // Text between stanzas is a keepalive; that and what is between items the library would collect for ever.
    if (this.#depth < this.#base) return;
    if (!this.#dropping) this.took(text.length);
    if (!this.#dropping) super.onText(text);
  }

  override onEndElement(name: string): void {
    this.#depth -= 1;
    if (this.#dropping && this.#depth >= this.#base) return;
    const ended = this.cursor as Element & { parent: Element };
    if (this.#dropping) emptied.add(ended);
    super.onEndElement(name);
    if (this.#depth === PAYLOAD && this.#base === ITEM) this.#handOver(ended);
    if (this.#depth === STANZA && this.#base === ITEM) this.#endItems();
    if (this.#depth === STANZA - 1) this.#goTo(STANZA, undefined);
  }

  #handOver(item: Element & { parent: Element }): void {
    item.parent.children.pop();
    this.#reader?.(item);
    this.#goTo(ITEM, undefined);
  }

  /** A stanza may have a single payload (RFC 6120 §8.2.3). */
  #endItems(): void {
    this.#reader = undefined;
    this.#goTo(STANZA, this.cursor);
  }

  #goTo(base: number, outermost: Element | undefined): void {
    this.#base = base;
    this.#outermost = outermost;
    this.#left = MAX_CHARACTERS;
    this.#dropping = false;
  }
}
