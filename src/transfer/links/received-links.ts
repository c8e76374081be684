import { setMaxListeners } from 'node:events';
import { readCarbon } from '../../protocol/messages/carbons.js';
import { readLinks } from '../../protocol/messages/read-link.js';
import { type Clock, systemClock } from '../../session/clock.js';
import type { Element } from '../../session/xml.js';
import type { Report } from '../events.js';
import type { Quotas } from '../quotas/quotas.js';
import type { Serving } from '../serving/serving.js';
import type { ArchiveMarks } from './archive-marks.js';
import { Away } from './away.js';
import { Fetches, type Fetching } from './fetches.js';
import type { Downloads } from './incoming-link.js';

/** What `--links` asks for. */
export interface LinksWanted extends Omit<Downloads, 'clock'> {
  /** The rules for whose links are fetched. */
  from: readonly string[];
  marks: ArchiveMarks;
}

interface LinksOptions {
  quotas: Quotas;
  /** An earlier transfer has brought the file, which the ledger remembers. */
  isKnown(account: string, linkId: string): boolean;
  report: Report;
}

/** Reads the links that people send, and has them fetched, over one session after the other. */
export class ReceivedLinks {
  readonly #options: LinksOptions;
  readonly #marks: ArchiveMarks;
  readonly #clock: Clock;
  readonly #fetches: Fetches;
  /** Aborted when the present session is over. */
  #over = new AbortController();

  constructor(wanted: LinksWanted, options: LinksOptions, clock: Clock = systemClock) {
    this.#options = options;
    this.#marks = wanted.marks;
    this.#clock = clock;
    this.#fetches = new Fetches({ ...wanted, ...options, clock });
  }

  /**
   * Reads what comes to us, and what other resources of the account get, as the carbons tell. Returns what ends that, and
   * breaks off what is under way.
   */
  begin({ session, mayLink }: Serving, take: Fetching['take']): (reason: Error) => void {
    const over = new AbortController();
    // Each account waits by itself.
    setMaxListeners(0, over.signal);
    this.#over = over;
    this.#fetches.begin({ take, signal: over.signal });
    const stop = session.onMessage((message) => {
      const written = readCarbon(message, session.jid) ?? message;
      const { from } = written.attrs;
      if (from && mayLink(from)) this.#read(written, from);
    });
    return (reason) => {
      stop();
      over.abort(reason);
    };
  }

  /** Has those fetched that were not shown to us, as nobody was online here. Always resolves. */
  async readAway({ session, linkers }: Serving): Promise<void> {
    const { signal } = this.#over;
    const { report } = this.#options;
    const more = { marks: this.#marks, clock: this.#clock, fetches: this.#fetches };
    await new Away({ session, signal, report, ...more }).read(linkers);
  }

  #read(message: Element, peer: string): void {
    const { quotas, report } = this.#options;
    for (const told of readLinks(message)) {
      if (this.#fetches.add({ peer, told }) || !quotas.notes.take(peer)) continue;
      report({ event: 'note', text: `a link of ${peer} is left out: too many are waiting` });
    }
  }
}
