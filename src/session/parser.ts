import { xml } from '@xmpp/client';

/** Servers pass on 512 KiB between them, and may write some characters as six. */
const MAX_STANZA_CHARACTERS = 4 * 1024 * 1024;
const MAX_DEPTH = 32;
/** A roster of some thousand contacts. */
const MAX_ELEMENTS = 10_000;

/**
 * The library's parser, with limits and at the library's full speed. Of a stanza that is too deep or has
 * too many elements only the outermost one is handed over: anybody may send us such a thing, and it must
 * not end the stream. `write` throws on broken XML and endless stanzas, which are the server's own.
 */
export class StreamParser extends xml.Parser {
  #held: string[] = [];
  #characters = 0;
  #elements = 0;
  #depth = 0;
  #outermost: { children: unknown[] } | null = null;
  #skipping = false;

  constructor() {
    super();
    this.on('error', (error) => {
      throw error;
    });
  }

  /**
   * Passes on whole tags only: the library's tokenizer scans a text without a `<` once per character,
   * and copies what is left over on every write.
   */
  override write(text: string): void {
    this.#characters += text.length;
    if (this.#characters > MAX_STANZA_CHARACTERS) throw new Error('stanza too long');
    const end = text.lastIndexOf('>') + 1;
    if (end > 0) {
      const tags = this.#held.join('') + text.slice(0, end);
      this.#held = [];
      // RFC 6120 §11.1. The tokenizer would take a document type for a comment and wait for its end.
      if (/<!(?!\[CDATA\[)/.test(tags)) throw new Error('XML that XMPP forbids');
      super.write(tags);
    }
    if (end < text.length) this.#held.push(text.slice(end));
  }

  /** Whether what came so far ends with a whole stanza (or with the stream's header). */
  get betweenStanzas(): boolean {
    return this.#depth === 1 && this.#held.join('').trim() === '';
  }

  override onStartElement(name: string, attrs: Record<string, string>): void {
    this.#depth += 1;
    this.#elements += 1;
    this.#skipping ||= this.#depth > MAX_DEPTH || this.#elements > MAX_ELEMENTS;
    if (this.#skipping) return;
    super.onStartElement(name, attrs);
    if (this.#depth === 2) this.#outermost = this.cursor;
  }

  /** Text between stanzas is a keepalive, which the library would collect for ever. */
  override onText(text: string): void {
    if (this.#depth > 1 && !this.#skipping) super.onText(text);
  }

  override onEndElement(name: string): void {
    this.#depth -= 1;
    if (this.#skipping && this.#depth > 1) return;
    if (this.#skipping && this.#outermost) {
      this.#skipping = false;
      this.cursor = this.#outermost;
      this.#outermost.children.length = 0;
    }
    super.onEndElement(name);
    if (this.#depth > 1) return;
    this.#characters = 0;
    this.#elements = 0;
  }
}
