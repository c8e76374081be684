/** A piece of an XML stream: a whole element below the stream, the stream's own tags, or what is between them. */
export interface Piece {
  text: string;
  isStanza: boolean;
}

/** A `>` may stand in the value of an attribute. */
const TAG = /<(?:[^<>"']|"[^"]*"|'[^']*')*>/g;
const STANZA = /^<(iq|message|presence)[\s/>]/;

/** Cuts one direction of an XML stream into pieces, however it arrives; nothing is lost or changed. */
export class StanzaScanner {
  #unread = '';
  /** How far the tags in `#unread` have been looked at, and how deep they lead. */
  #at = 0;
  #depth = 0;

  /** Takes text; returns the pieces that are whole now. */
  read(text: string): Piece[] {
    this.#unread += text;
    const pieces: Piece[] = [];
    for (let piece = this.#next(); piece; piece = this.#next()) pieces.push(piece);
    return pieces;
  }

  #next(): Piece | undefined {
    // Keepalives between stanzas go on at once.
    const space = this.#depth === 0 && /^\s+/.exec(this.#unread);
    if (space) return this.#take(space[0].length);
    for (;;) {
      TAG.lastIndex = this.#at;
      const [tag] = TAG.exec(this.#unread) ?? [];
      if (tag === undefined) return undefined;
      const end = TAG.lastIndex;
      this.#at = end;
      // The stream itself, which begins anew within a connection, is the ground that the rest stands on.
      if (/^<(\?|\/?stream:stream)/.test(tag)) return this.#take(end);
      if (tag.startsWith('</')) this.#depth -= 1;
      else if (!tag.endsWith('/>')) this.#depth += 1;
      if (this.#depth === 0) return this.#take(end);
    }
  }

  #take(end: number): Piece {
    const text = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end);
    this.#at = 0;
    return { text, isStanza: STANZA.test(text) };
  }
}
