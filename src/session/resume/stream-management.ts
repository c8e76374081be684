import { type Element, xml } from '../xml.js';

export const NS_SM = 'urn:xmpp:sm:3';

/**
 * Stanzas, and their characters, between two requests for an acknowledgement: what is kept stays small, and each costs
 * the server a write.
 */
const REQUEST_EVERY = 64;
const REQUEST_EVERY_CHARACTERS = 512 * 1024;

/**
 * How long an acknowledgement may wait for more stanzas to acknowledge, and how many they may be. One for
 * each stanza costs as much as the stanzas: Prosody asks after every one, reads, and rests a millisecond.
 * It keeps 500 stanzas that are not acknowledged, and with more than that it resumes no session.
 */
const ACKNOWLEDGE_AFTER_MS = 100;
const ACKNOWLEDGE_AFTER_STANZAS = 256;

/** More than full windows of many bytestreams: a server that does not acknowledge must not fill the memory. */
const MAX_KEPT_CHARACTERS = 32 * 1024 * 1024;

/** Characters of a stanza whose text takes no more memory than its elements. */
const SHORT = 2_048;

/** A stanza that can be sent again. */
interface Kept {
  characters: number;
  text(): string;
}

/** XEP-0198 §5: counters are modulo 2^32. */
const MODULUS = 2 ** 32;

export const enable = () => xml('enable', { xmlns: NS_SM, resume: 'true' });

/**
 * Stream management (XEP-0198) after `<enabled/>`: counts, acknowledges, asks for acknowledgements, and
 * keeps what is not acknowledged so that it can be sent again.
 */
export class StreamManagement {
  readonly #write: (text: string) => void;
  readonly #taken: (characters: number) => void;
  #handled = 0;
  #sent = 0;
  #acknowledged = 0;
  #reported = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { for: number; resolve: () => void }[] = [];
  /** The stanzas that are not acknowledged; `undefined` once they were too many. */
  #kept: Kept[] | undefined = [];
  #keptCharacters = 0;
  /** Characters that were sent since it was asked for an acknowledgement. */
  #unasked = 0;

  /**
   * `write`: to the stream of the moment; what is written while there is none is lost. `taken` is told of the
   * characters of what the server has acknowledged.
   */
  constructor(
    write: (text: string) => void,
    taken: (characters: number) => void = () => undefined,
  ) {
    this.#write = write;
    this.#taken = taken;
  }

  /** Stanzas sent that the server has not acknowledged. */
  get unacknowledged(): number {
    return this.#sent - this.#acknowledged;
  }

  /** The `h` of what we tell the server: stanzas that have been handled. */
  get h(): number {
    return this.#handled % MODULUS;
  }

  /** Changes with each stanza that came through, in either direction. */
  get progress(): number {
    return this.#handled + this.#acknowledged;
  }

  /** Whether all that is not acknowledged can be sent again. */
  get complete(): boolean {
    return this.#kept !== undefined;
  }

  /**
   * Counts a stanza handed to the network; asks for an acknowledgement every so often. `again` makes the text of a long
   * one once more, so that it takes less memory until it is acknowledged.
   */
  sent(stanza: string, again = () => stanza): void {
    this.#sent += 1;
    this.#unasked += stanza.length;
    const isShort = stanza.length < SHORT;
    this.#keep({ characters: stanza.length, text: isShort ? () => stanza : again });
    const isMuch = this.#unasked >= REQUEST_EVERY_CHARACTERS;
    if (isMuch || this.#sent % REQUEST_EVERY === 0) this.ask();
  }

  /** Resolves when all that was sent so far is acknowledged. */
  sync(): Promise<void> {
    if (this.unacknowledged === 0) return Promise.resolve();
    this.ask();
    return this.#acknowledgementOf(this.#sent);
  }

  /** Asks the server for an acknowledgement. */
  ask(): void {
    this.#unasked = 0;
    this.#write(xml('r', { xmlns: NS_SM }).toString());
  }

  /** Counts a stanza that we have taken charge of (§4): each one, replies too. */
  handled(): void {
    this.#handled += 1;
    if (this.#timer) this.#acknowledgeSoon();
  }

  /** Takes `<r/>` and `<a/>`. Throws when the server acknowledges what was never sent (§4). */
  receive(nonza: Element): void {
    if (nonza.is('r', NS_SM)) this.#acknowledgeSoon();
    if (nonza.is('a', NS_SM)) this.#takeAcknowledgement(Number(nonza.attrs.h));
  }

  /** Tells the server how many stanzas have been handled. */
  acknowledge(): void {
    this.suspend();
    this.#reported = this.#handled;
    this.#write(xml('a', { xmlns: NS_SM, h: this.h }).toString());
  }

  /** The stream is gone, and with it the server's question. */
  suspend(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Takes `<resumed/>` (§5), and sends again what the server has not had. Throws as `receive` does. The
   * promise resolves when the server has shown that it hears us.
   */
  resume(resumed: Element): Promise<void> {
    this.#reported = this.#handled;
    this.#takeAcknowledgement(Number(resumed.attrs.h));
    this.ask();
    const heard = this.#acknowledgementOf(this.#acknowledged);
    for (const stanza of this.#kept ?? []) this.#write(stanza.text());
    if (this.unacknowledged > 0) this.ask();
    return heard;
  }

  #keep(stanza: Kept): void {
    this.#keptCharacters += stanza.characters;
    if (this.#keptCharacters > MAX_KEPT_CHARACTERS) this.#kept = undefined;
    this.#kept?.push(stanza);
  }

  /** Resolves with the next `<a/>` that tells of so many stanzas. */
  #acknowledgementOf(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ for: count, resolve });
      this.#waiting.sort((a, b) => a.for - b.for);
    });
  }

  #acknowledgeSoon(): void {
    if (this.#handled - this.#reported >= ACKNOWLEDGE_AFTER_STANZAS) this.acknowledge();
    else this.#timer ??= setTimeout(() => this.acknowledge(), ACKNOWLEDGE_AFTER_MS).unref();
  }

  #takeAcknowledgement(h: number): void {
    const count = (h - (this.#acknowledged % MODULUS) + MODULUS) % MODULUS;
    if (!Number.isInteger(count) || count > this.unacknowledged) {
      throw new Error('the server acknowledged stanzas that were never sent');
    }
    this.#acknowledged += count;
    const before = this.#keptCharacters;
    for (const { characters } of this.#kept?.splice(0, count) ?? []) {
      this.#keptCharacters -= characters;
    }
    this.#taken(before - this.#keptCharacters);
    while ((this.#waiting[0]?.for ?? Number.POSITIVE_INFINITY) <= this.#acknowledged) {
      this.#waiting.shift()?.resolve();
    }
  }
}
