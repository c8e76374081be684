import { EventEmitter, once } from 'node:events';

const PATIENCE_MS = 30_000;

/** The client is gone while the script still waited for something. Ends a script without failing the test. */
export class PeerGone extends Error {
  override readonly name = 'PeerGone';
}

/** What came of a client and was not read yet, for scripts that wait for patterns in it. */
export class Unread {
  #text = '';
  #gone = false;
  readonly #news = new EventEmitter().setMaxListeners(0);

  /** The client can say nothing more. */
  get isOver(): boolean {
    return this.#gone;
  }

  take(text: string): void {
    this.#text += text;
    this.#news.emit('news');
  }

  end(): void {
    this.#gone = true;
    this.#news.emit('news');
  }

  /** Waits until what came since the last match has the pattern in it, and reads up to its end. */
  async expect(pattern: RegExp): Promise<RegExpExecArray> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match) {
        this.#text = this.#text.slice(match.index + match[0].length);
        return match;
      }
      if (this.#gone) throw new PeerGone(`the client is gone, without ${pattern}`);
      await once(this.#news, 'news', { signal: patience }).catch(() => {
        throw new Error(`no ${pattern} came; unread: ${this.#text.slice(0, 1000)}`);
      });
    }
  }
}
