import type { Handler, HandlerRegistry } from '../../protocol/handler-registry.js';
import type { Bytestream } from '../../protocol/ibb/bytestream.js';
import { sidKey } from '../../protocol/sid.js';
import type { Inbox } from './inbox.js';
import type { TransferLimits } from './limits.js';
import { noPlace } from './no-place.js';

/** What is to end before the program does, with the peer of each: transfers, and what is done for files that arrived. */
export type Running = Map<Promise<void>, string>;

/** The places for transfers. A bytestream that nobody announced takes one when it is let in, before it is handed over. */
export class Places {
  readonly #limits: TransferLimits;
  readonly #running: Running;
  readonly #inbox: Inbox;
  /** The peers of bytestreams that were let in and not handed over yet, by their keys. */
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

  /** The transfer of this bytestream takes the place from now on. */
  handedOver({ peer, sid }: Bytestream): void {
    this.#reserved.delete(sidKey(peer, sid));
  }

  /** Lets bytestreams in that nobody announced, by the registry's operations. */
  guard(registry: HandlerRegistry): void {
    const authorize: Handler<unknown, boolean> = (_jid, sid = '', peer = '') =>
      this.#admit(peer, sidKey(peer, sid));
    registry.registerDefault(authorize, 'ibb', 'authorized');
    // One that was announced after it was let in is not handed over here; its place is free at its end.
    const giveBack: Handler<unknown, void> = (_jid, sid = '', peer = '') =>
      void this.#reserved.delete(sidKey(peer, sid));
    registry.registerDefault(giveBack, 'ibb', 'del_stream');
  }

  /** It counts as an offer, and must bring a whole file. Throws if there is no place now. */
  #admit(peer: string, key: string): boolean {
    if (this.#inbox.hasRest(key)) return false;
    if (this.#limits.mayOffer(peer)) {
      if (this.takeRoom(peer)) return !!this.#reserved.set(key, peer);
      this.#limits.turnedAway(peer);
    }
    throw noPlace();
  }
}
