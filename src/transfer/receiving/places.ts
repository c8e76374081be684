import { sidKey } from '../../protocol/sid.js';
import type { TransferLimits } from '../quotas/limits.js';
import type { PlacesOfUnannounced } from '../ways/incoming.js';
import type { Arrivals } from './inbox.js';
import { noPlace } from './no-place.js';

/** A place that is taken. A transfer shares that of an earlier one which it is to replace. */
export interface TakenPlace {
  readonly peer: string;
}

/**
 * What is to end before the program does, with the place of each: transfers, and what is done for files that arrived.
 */
export type Running = Map<Promise<void>, TakenPlace>;

/** The places for transfers. */
export class Places implements PlacesOfUnannounced {
  readonly #limits: TransferLimits;
  readonly #running: Running;
  readonly #inbox: Arrivals;
  /** The peers of channels that were let in and not handed over yet, by the names of the channels. */
  readonly #reserved = new Map<string, string>();

  constructor(limits: TransferLimits, running: Running, inbox: Arrivals) {
    this.#limits = limits;
    this.#running = running;
    this.#inbox = inbox;
  }

  /** Whether there is a place; whoever is told so takes it at once. */
  takeRoom(peer: string): boolean {
    const taken = [...new Set(this.#running.values())].map((place) => place.peer);
    return this.#limits.takeRoom(peer, [...taken, ...this.#reserved.values()]);
  }

  /** It counts as an offer, and must bring a whole file. */
  reserve(peer: string, sid: string): boolean {
    const key = sidKey(peer, sid);
    if (this.#inbox.hasRest(key)) return false;
    if (this.#limits.mayOffer(peer)) {
      if (this.takeRoom(peer)) return !!this.#reserved.set(key, peer);
      this.#limits.turnedAway(peer);
    }
    throw noPlace();
  }

  release(peer: string, sid: string): void {
    this.#reserved.delete(sidKey(peer, sid));
  }
}
