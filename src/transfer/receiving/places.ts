import { sidKey } from '../../protocol/sid.js';
import type { PlacesOfUnannounced } from '../ways/incoming.js';
import type { Inbox } from './inbox.js';
import type { TransferLimits } from './limits.js';
import { noPlace } from './no-place.js';

/** What is to end before the program does, with the peer of each: transfers, and what is done for files that arrived. */
export type Running = Map<Promise<void>, string>;

/** The places for transfers. */
export class Places implements PlacesOfUnannounced {
  readonly #limits: TransferLimits;
  readonly #running: Running;
  readonly #inbox: Inbox;
  /** The peers of channels that were let in and not handed over yet, by the names of the channels. */
  readonly #reserved = new Map<string, string>();

  constructor(limits: TransferLimits, running: Running, inbox: Inbox) {
    this.#limits = limits;
    this.#running = running;
    this.#inbox = inbox;
  }

  /** Whether there is a place; whoever is told so takes it at once. */
  takeRoom(peer: string): boolean {
    return this.#limits.takeRoom(peer, [...this.#running.values(), ...this.#reserved.values()]);
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
