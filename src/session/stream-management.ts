import { type Element, xml } from './xml.js';

export const NS_SM = 'urn:xmpp:sm:3';

/** Stanzas between two requests for an acknowledgement: what may be unaccounted for stays small. */
const REQUEST_EVERY = 16;

/**
 * How long an acknowledgement may wait for more stanzas to acknowledge, and how many they may be. One for
 * each stanza costs as much as the stanzas: Prosody asks after every one, reads, and rests a millisecond.
 */
const ACKNOWLEDGE_AFTER_MS = 100;
const ACKNOWLEDGE_AFTER_STANZAS = 256;

/** XEP-0198 §5: counters are modulo 2^32. */
const MODULUS = 2 ** 32;

export const enable = () => xml('enable', { xmlns: NS_SM });

/** Stream management (XEP-0198) after `<enabled/>`: counts, acknowledges, asks for acknowledgements. */
export class StreamManagement {
  readonly #write: (text: string) => void;
  #handled = 0;
  #sent = 0;
  #acknowledged = 0;
  #reported = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { for: number; resolve: () => void }[] = [];

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Stanzas sent that the server has not acknowledged. */
  get unacknowledged(): number {
    return this.#sent - this.#acknowledged;
  }

  /** Counts a stanza handed to the network; asks for an acknowledgement every so often. */
  sent(): void {
    this.#sent += 1;
    if (this.#sent % REQUEST_EVERY === 0) this.#write(xml('r', { xmlns: NS_SM }).toString());
  }

  /** Resolves when all that was sent so far is acknowledged. */
  sync(): Promise<void> {
    if (this.unacknowledged === 0) return Promise.resolve();
    this.#write(xml('r', { xmlns: NS_SM }).toString());
    return new Promise((resolve) => {
      this.#waiting.push({ for: this.#sent, resolve });
    });
  }

  /** Counts a stanza that we have taken charge of (§4): each one, replies too. */
  handled(): void {
    this.#handled += 1;
  }

  /** Takes `<r/>` and `<a/>`. Throws when the server acknowledges what was never sent (§4). */
  receive(nonza: Element): void {
    if (nonza.is('r', NS_SM)) this.#acknowledgeSoon();
    if (nonza.is('a', NS_SM)) this.#takeAcknowledgement(Number(nonza.attrs.h));
  }

  /** Tells the server how many stanzas have been handled. */
  acknowledge(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#reported = this.#handled;
    this.#write(xml('a', { xmlns: NS_SM, h: this.#handled % MODULUS }).toString());
  }

  #acknowledgeSoon(): void {
    if (this.#handled - this.#reported >= ACKNOWLEDGE_AFTER_STANZAS) this.acknowledge();
    else this.#timer ??= setTimeout(() => this.acknowledge(), ACKNOWLEDGE_AFTER_MS).unref();
  }

  #takeAcknowledgement(h: number): void {
    const count = (h - (this.#acknowledged % MODULUS) + MODULUS) % MODULUS;
    if (!(count <= this.unacknowledged)) {
      throw new Error('the server acknowledged stanzas that were never sent');
    }
    this.#acknowledged += count;
    while ((this.#waiting[0]?.for ?? Number.POSITIVE_INFINITY) <= this.#acknowledged) {
      this.#waiting.shift()?.resolve();
    }
    // A keepalive (RFC 6120 §4.6.1) whose packet acknowledges that of the <a/>: a server that writes with
    // Nagle's algorithm, as Prosody does, would hold its next stanza back for 40 ms until ours came by itself.
    this.#write(' ');
  }
}
