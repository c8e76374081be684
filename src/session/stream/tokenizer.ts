import { decode, LONGEST_REFERENCE } from './references.js';
import { TagReader, type Tags } from './tag-reader.js';

/** What a tokenizer finds. */
export interface Tokens extends Tags {
  onText(text: string): void;
}

const SECTION_START = '<![CDATA[';
const SECTION_END = ']]>';
const INSTRUCTION_END = '?>';

/** Where a read has come to: `held` are the few characters at the end that only the next write can explain. */
type State = 'text' | 'section' | 'instruction' | 'tag';

/**
 * Cuts a stream of XML into tags and texts, in a time and a memory that do not depend on how it comes in, or how
 * long a part of it is. A long text comes in several parts. `write` throws on what is not well-formed.
 */
export class Tokenizer {
  readonly #tokens: Tokens;
  readonly #tag: TagReader;
  #state: State = 'text';
  #held = '';

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
    this.#tag = new TagReader(tokens);
  }

  /** Whether what came so far ends behind a tag or text. */
  get isBetween(): boolean {
    return this.#state === 'text' && this.#held === '';
  }

  write(chunk: string): void {
    const text = this.#held + chunk;
    this.#held = '';
    let at = 0;
    while (at < text.length) at = this.#read(text, at);
  }

  /** Returns the position behind what it has read. */
  #read(text: string, at: number): number {
    switch (this.#state) {
      case 'tag':
        return this.#readTag(text, at);
      case 'section':
        return this.#readUntil(SECTION_END, text, at, (part) => this.#tokens.onText(part));
      case 'instruction':
        return this.#readUntil(INSTRUCTION_END, text, at, () => undefined);
      default:
        return text[at] === '<' ? this.#readMarkup(text, at) : this.#readText(text, at);
    }
  }

  #readText(text: string, at: number): number {
    const found = text.indexOf('<', at);
    const end = found < 0 ? startOfReference(text, at) : found;
    if (end > at) this.#tokens.onText(decode(text.slice(at, end)));
    if (found < 0) this.#held = text.slice(end);
    return found < 0 ? text.length : end;
  }

  #readMarkup(text: string, at: number): number {
    if (text.startsWith(SECTION_START, at)) {
      this.#state = 'section';
      return at + SECTION_START.length;
    }
    if (SECTION_START.startsWith(text.slice(at, at + SECTION_START.length))) {
      this.#held = text.slice(at);
      return text.length;
    }
    // RFC 6120 §11.1: no comments, no document types.
    if (text[at + 1] === '!') throw new Error('XML that XMPP forbids');
    this.#state = text[at + 1] === '?' ? 'instruction' : 'tag';
    return at + 1;
  }

  #readTag(text: string, at: number): number {
    const end = this.#tag.read(text, at);
    if (this.#tag.isDone) this.#state = 'text';
    if (this.#tag.isDone) this.#tag.finish();
    return end;
  }

  #readUntil(mark: string, text: string, at: number, take: (part: string) => void): number {
    const found = text.indexOf(mark, at);
    const end = found < 0 ? Math.max(at, text.length - mark.length + 1) : found;
    if (end > at) take(text.slice(at, end));
    if (found < 0) {
      this.#held = text.slice(end);
      return text.length;
    }
    this.#state = 'text';
    return found + mark.length;
  }
}

/** Where a reference (`&lt;`) begins that is cut off at the end, or the end. */
function startOfReference(text: string, from: number): number {
  const end = text.slice(Math.max(from, text.length - LONGEST_REFERENCE + 1));
  const start = end.lastIndexOf('&');
  const isCut = start >= 0 && !end.includes(';', start);
  return isCut ? text.length - end.length + start : text.length;
}
