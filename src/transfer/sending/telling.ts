import type { Report } from '../events.js';
import { nextTransferId } from '../transfer-id.js';
import type { Accepted } from '../ways/way.js';
import type { SentFile } from './send-file.js';
import type { Source } from './source.js';

/** What the user hears of one file on its way; `peer` is always the full JID of its recipient. */
export class Telling {
  readonly #report: Report;
  readonly #source: Source;
  readonly #id = nextTransferId();

  constructor(report: Report, source: Source) {
    this.#report = report;
    this.#source = source;
  }

  warn(text: string): void {
    this.#report({ event: 'warning', text });
  }

  note(text: string): void {
    this.#report({ event: 'note', text });
  }

  /** What the user waits for until the promise settles. */
  waiting<T>(text: string, until: Promise<T>): Promise<T> {
    this.#report({ event: 'waiting', text, until });
    return until;
  }

  offers(peer: string): void {
    this.#report({ event: 'offer', ...this.#facts(peer) });
  }

  /** `isFirst`: nobody has accepted it before. */
  starts({ stream: { peer }, range: { offset } }: Accepted, isFirst: boolean): void {
    if (isFirst) this.#report({ event: 'start', ...this.#facts(peer) });
    if (!isFirst || offset > 0) this.#report({ event: 'resumed', ...this.#facts(peer), offset });
  }

  progressed(peer: string, bytes: number): void {
    this.#report({ event: 'progress', ...this.#facts(peer), bytes });
  }

  isDone(peer: string, sent: SentFile): void {
    this.#report({ event: 'done', ...this.#facts(peer), ...sent });
  }

  #facts(peer: string) {
    const { name, size } = this.#source;
    return { id: this.#id, peer, name, ...(size === undefined ? {} : { size }) };
  }
}
