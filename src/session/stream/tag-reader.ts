import { decode } from './references.js';

/** What a tag is read for. */
export interface Tags {
  onStartElement(name: string, attrs: Record<string, string>): void;
  onEndElement(name: string): void;
  /** How many characters of this attribute's value are wanted at most; `undefined`: the attribute is left out. */
  roomFor(attribute: string): number | undefined;
  /** So many characters of a value are kept. */
  took(characters: number): void;
  /** There was no room for a value, which becomes an empty one, or a name is cut. */
  exceeded(): void;
}

/** In characters: of what stands outside of quotes up to a value or the end of the tag; names, that is. */
const MAX_OUTSIDE = 1024;

// XML 1.0 §2.3: white space is these four. JavaScript's \s has letters of names in it: a name that a server takes for
// one would be taken for two.
const FIRST_ATTRIBUTE = /^([^ \t\r\n/=]+)[ \t\r\n]+([^ \t\r\n/=]+)[ \t\r\n]*=[ \t\r\n]*$/;
const ATTRIBUTE = /^[ \t\r\n]*([^ \t\r\n/=]+)[ \t\r\n]*=[ \t\r\n]*$/;
const WITHOUT_ATTRIBUTES = /^(\/?)([^ \t\r\n/=]+)[ \t\r\n]*(\/?)$/;
const BEHIND_ATTRIBUTES = /^[ \t\r\n]*(\/?)$/;

/** Reads tags from behind their `<`, part by part, and keeps of each no more than there is room for. */
export class TagReader {
  readonly #tags: Tags;
  #name: string | undefined;
  #attrs: Record<string, string> = {};
  #outside = '';
  #isCut = false;
  #quote = '';
  #attribute = '';
  #room: number | undefined;
  #length = 0;
  #value: string[] = [];
  /** Whether the `>` was read; to be followed by `finish`. */
  isDone = false;

  constructor(tags: Tags) {
    this.#tags = tags;
  }

  /** Returns the position behind what it has read. */
  read(text: string, from: number): number {
    let at = from;
    while (at < text.length && !this.isDone) {
      at = this.#quote ? this.#readValue(text, at) : this.#readOutside(text, at);
    }
    return at;
  }

  /** Tells of the tag, and is ready for the next one. */
  finish(): void {
    const [name, attrs, outside, isCut] = [this.#name, this.#attrs, this.#outside, this.#isCut];
    this.#name = undefined;
    this.#attrs = {};
    this.#outside = '';
    this.#isCut = false;
    this.isDone = false;
    if (name === undefined) this.#tellBare(outside, isCut);
    else
      this.#tellStart(name, attrs, isCut ? outside.at(-1) : BEHIND_ATTRIBUTES.exec(outside)?.[1]);
  }

  #tellBare(outside: string, isCut: boolean): void {
    const [, close, name, end] = isCut ? cutTag(outside) : (WITHOUT_ATTRIBUTES.exec(outside) ?? []);
    if (!name || (close && end)) throw malformed();
    if (close) this.#tags.onEndElement(name);
    else this.#tellStart(name, {}, end);
  }

  #tellStart(name: string, attrs: Record<string, string>, end: string | undefined): void {
    if (end === undefined) throw malformed();
    this.#tags.onStartElement(name, attrs);
    if (end === '/') this.#tags.onEndElement(name);
  }

  #readOutside(text: string, from: number): number {
    const end = findMark(text, from);
    this.#addOutside(text.slice(from, end));
    if (end === text.length) return end;
    if (text[end] === '>') this.isDone = true;
    else this.#beginValue(text[end] as string);
    return end + 1;
  }

  /** Keeps the beginning of what is too long, which has a name in it, and the last character, which may be a slash. */
  #addOutside(part: string): void {
    const outside = this.#outside + part;
    const isLong = outside.length > MAX_OUTSIDE;
    this.#outside = isLong ? outside.slice(0, MAX_OUTSIDE - 1) + outside.slice(-1) : outside;
    if (!isLong || this.#isCut) return;
    this.#isCut = true;
    this.#tags.exceeded();
  }

  #beginValue(quote: string): void {
    this.#quote = quote;
    this.#attribute = this.#readNames();
    this.#room = this.#isCut ? undefined : this.#tags.roomFor(this.#attribute);
    this.#length = 0;
    this.#outside = '';
    this.#isCut = false;
  }

  /** Returns the name of the attribute that begins. */
  #readNames(): string {
    if (this.#isCut) {
      this.#name ??= cutTag(this.#outside)[2];
      return '';
    }
    const names = (this.#name === undefined ? FIRST_ATTRIBUTE : ATTRIBUTE).exec(this.#outside);
    if (!names) throw malformed();
    if (names.length > 2) this.#name = names[1];
    return names.at(-1) as string;
  }

  #readValue(text: string, from: number): number {
    const found = text.indexOf(this.#quote, from);
    const end = found < 0 ? text.length : found;
    if (this.#room !== undefined) this.#addValue(text.slice(from, end), this.#room);
    if (found < 0) return end;
    this.#quote = '';
    if (this.#room !== undefined) this.#endValue(this.#room);
    return end + 1;
  }

  #addValue(part: string, room: number): void {
    const hadRoom = this.#length <= room;
    this.#length += part.length;
    if (this.#length <= room) this.#value.push(part);
    else this.#value = [];
    if (hadRoom && this.#length > room) this.#tags.exceeded();
  }

  #endValue(room: number): void {
    // XML 1.0 §3.1. Servers may take the first one, and check that.
    if (Object.hasOwn(this.#attrs, this.#attribute)) throw malformed();
    this.#attrs[this.#attribute] = decode(this.#value.join(''));
    this.#value = [];
    if (this.#length <= room) this.#tags.took(this.#length);
  }
}

/** The next quote or `>`, or the end. */
function findMark(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 62 /* > */ || code === 34 /* " */ || code === 39 /* ' */) return at;
  }
  return text.length;
}

/** As `WITHOUT_ATTRIBUTES` reads it, with a name that may be cut. */
function cutTag(outside: string): [string, string, string, string] {
  const close = outside.startsWith('/') ? '/' : '';
  const [name = '_'] = /[^ \t\r\n/=]+/.exec(outside) ?? [];
  return [outside, close, name, !close && outside.endsWith('/') ? '/' : ''];
}

const malformed = () => new Error('the XML is not well-formed');
