/** What is answered is answered within this time, mostly. */
const ANSWER_MS = 1;

/** Beyond so many characters a millisecond, after so many at once, there is more to come all the time. */
const BULK_PER_MS = 1_000;
const BULK = 32_768;

/**
 * Has the kernel acknowledge at once what came and needs no answer. By itself it would do that 40 ms later, and until
 * then a server that writes with Nagle's algorithm, as Prosody does, holds back what it has to say next. Whatever we
 * write acknowledges; where nothing is written, and nothing more comes, one space does it (RFC 6120 §4.6.1), or a pong. Not in
 * the midst of much: there it has the server read once more, and Prosody rest for a millisecond, for nothing.
 */
export class PromptAcknowledgement {
  readonly #writeLittle: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isOwed = false;
  /** Characters that went to and fro, less those that do not make it bulk. */
  #flow = 0;
  #flowAt = 0;

  /** `writeLittle`: what the server reads and does not answer. */
  constructor(writeLittle: () => void) {
    this.#writeLittle = writeLittle;
  }

  /** So many characters came. */
  read(characters: number): void {
    this.#count(characters);
    this.#isOwed = this.#flow < BULK;
    if (!this.#isOwed) return;
    this.#timer ??= setTimeout(() => this.#acknowledge(), ANSWER_MS).unref();
    this.#timer.refresh();
  }

  /** So many characters were written. */
  wrote(characters: number): void {
    this.#count(characters);
    this.#isOwed = false;
  }

  #count(characters: number): void {
    const now = performance.now();
    const left = this.#flow - (now - this.#flowAt) * BULK_PER_MS;
    this.#flow = Math.min(Math.max(left, 0) + characters, 2 * BULK);
    this.#flowAt = now;
  }

  #acknowledge(): void {
    if (this.#isOwed) this.#writeLittle();
  }
}
