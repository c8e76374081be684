import { xml } from '@xmpp/client';

/** What Prosody and ejabberd let through between servers; nothing we expect comes near it. */
const MAX_STANZA_CHARACTERS = 512 * 1024;
const MAX_DEPTH = 32;
/** A roster of some thousand contacts. */
const MAX_ELEMENTS = 10_000;

/**
 * The library's parser, with limits on a stanza and at the library's full speed.
 * `write` throws on a stanza over the limits and on broken XML; the stream cannot go on after that.
 */
export class StreamParser extends xml.Parser {
  #held: string[] = [];
  #characters = 0;
  #elements = 0;
  #depth = 0;

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
    if (this.#depth > MAX_DEPTH) throw new Error('stanza too deep');
    if (this.#elements > MAX_ELEMENTS) throw new Error('stanza with too many elements');
    super.onStartElement(name, attrs);
  }

  override onEndElement(name: string): void {
    this.#depth -= 1;
    super.onEndElement(name);
    if (this.#depth === 1) {
      this.#characters = 0;
      this.#elements = 0;
    }
  }
}
