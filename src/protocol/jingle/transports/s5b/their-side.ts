import { badRequest } from '../../../conditions.js';
import type { Reach } from '../../../network/direct.js';
import { addressField } from '../../../socks5/address-field.js';
import type { Negotiators } from '../transport.js';
import type { S5bOptions } from './options.js';
import { connectTo, usable } from './peers-candidates.js';
import { type Candidate, MAX_CANDIDATES, type Offered } from './s5b-stanzas.js';
import { type Reached, Trying } from './trying.js';
import type { Failed } from './why-no-way.js';

/**
 * How long the initiator waits for candidates that may come late, in milliseconds: without the peer's word of what it
 * has reached nothing is decided anyway. But it may be waiting for ours.
 */
const LATE_MS = 3_000;

interface TheirSideOptions extends S5bOptions {
  negotiators: Negotiators;
  offered: Offered;
  isInitiator: boolean;
  reach: Reach;
  /** Resolves when the peer has said what it has reached: no candidate of its own comes behind that. */
  chosen: Promise<unknown>;
  /** Told of each that cannot be reached. */
  failed(failed: Failed): void;
}

/** What the peer offers, and the way there. */
export class TheirSide {
  readonly #options: TheirSideOptions;
  #candidates: readonly Candidate[];
  /** Hands candidates over that come while others are tried. */
  #try: ((candidates: readonly Candidate[]) => void) | undefined;

  constructor(options: TheirSideOptions) {
    this.#options = options;
    this.#candidates = options.offered.candidates;
  }

  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  /** Some of the peer's, which may come late. Throws `StanzaError` where they are of another transport. */
  offers({ sid, candidates }: Offered): void {
    if (sid !== this.#options.offered.sid) throw badRequest('not the transport that was offered');
    const known = new Set(this.#candidates.map(({ cid }) => cid));
    const room = MAX_CANDIDATES - this.#candidates.length;
    const added = candidates.filter(({ cid }) => !known.has(cid)).slice(0, room);
    this.#candidates = [...this.#candidates, ...added];
    this.#try?.(added);
  }

  /** Resolves to the connection to one of them, or to nothing; `trying` is told when that begins. Rejects with the signal's reason only. */
  async reach(signal: AbortSignal, begins: (trying: Trying) => void): Promise<Reached | undefined> {
    const { session, network, proxies, clock, reach, negotiators, offered } = this.#options;
    const judging = { network, reach, proxies: await proxies.find(signal) };
    const field = addressField(offered.sid, negotiators.peer, session.jid);
    const trying = new Trying({
      ...{ clock, failed: this.#options.failed },
      connect: (candidate, inTime) => connectTo(candidate, judging, field, inTime),
      areAll: (until) => this.#areAll(until),
    });
    this.#try = (candidates) => trying.add(usable(candidates, judging));
    begins(trying);
    return trying.reach(usable(this.#candidates, judging), signal);
  }

  /** Two that waited for each other would wait in vain: the responder does not. */
  async #areAll(until: AbortSignal): Promise<void> {
    const { isInitiator, negotiators, clock, chosen } = this.#options;
    if (!isInitiator || negotiators.isSealed) return;
    const over = new AbortController();
    const waited = clock.sleep(LATE_MS, AbortSignal.any([until, over.signal]));
    // Cut short, something is reached, or nothing more is wanted.
    await Promise.race([chosen, waited]).catch(() => undefined);
    over.abort();
  }
}
