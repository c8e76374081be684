import type { Clock } from '../clock.js';
import type { Element } from '../xml.js';

/**
 * Characters of answers under way to the server. As shipped Prosody reads 10,000 bytes a second of a client, and ejabberd
 * 3,000: what is behind them waits no longer than somebody who asks has patience. More where a server is quick.
 */
const MIN_WINDOW = 2_048;
const MAX_WINDOW = 8_192;
const QUICK_MS = 250;

/** Bytes of answers that wait for their turn: those to one account, and all. */
const MAX_WAITING_OF_ONE = 1_048_576;
const MAX_WAITING = 16 * MAX_WAITING_OF_ONE;

interface Parcel {
  characters: number;
  write(): void;
  fail(error: Error): void;
}

interface Line {
  parcels: Parcel[];
  characters: number;
}

/**
 * Lets answers go out no faster than the server takes them, one account after the other: who asks so much that the answers
 * fill the connection waits for them himself, and nobody else does. What is no answer waits only behind those to the same account.
 */
export class Outbox {
  readonly #taken: () => Promise<void>;
  readonly #clock: Pick<Clock, 'now'>;
  #window = MIN_WINDOW;
  /** By account; the first is the next whose turn it is. */
  readonly #lines = new Map<string, Line>();
  #underWay = 0;
  #waiting = 0;
  #asking = false;

  /** `taken` resolves when the server has taken all that was written so far. */
  constructor(taken: () => Promise<void>, clock: Pick<Clock, 'now'>) {
    this.#taken = taken;
    this.#clock = clock;
  }

  /** Whether so much waits that nothing more is to be answered to this one. */
  isFull(to: string): boolean {
    const ofOne = this.#lines.get(accountOf(to))?.characters ?? 0;
    return ofOne >= MAX_WAITING_OF_ONE || this.#waiting >= MAX_WAITING;
  }

  /** Writes a stanza at once, or when its turn is; `fail` is called where that never comes. */
  put(stanza: Element, parcel: Parcel): void {
    const { to } = stanza.attrs;
    const account = to === undefined ? OWN_SERVER : accountOf(to);
    const line = this.#lines.get(account);
    const mustWait = line || (isAnswer(stanza) && this.#underWay >= this.#window);
    if (mustWait) return this.#enqueue(account, line, parcel);
    parcel.write();
    if (isAnswer(stanza)) this.#count(parcel.characters);
  }

  /** Writes all that waits. */
  flush(): void {
    for (const { write } of this.#empty()) write();
  }

  /** Nothing more can be written. */
  fail(error: Error): void {
    for (const { fail } of this.#empty()) fail(error);
  }

  #enqueue(account: string, line: Line = { parcels: [], characters: 0 }, parcel: Parcel): void {
    line.parcels.push(parcel);
    line.characters += parcel.characters;
    this.#waiting += parcel.characters;
    this.#lines.set(account, line);
  }

  #count(characters: number): void {
    this.#underWay += characters;
    // The answer should be there before the window is used up.
    if (this.#asking || this.#underWay < this.#window / 2) return;
    this.#asking = true;
    const [asked, since] = [this.#underWay, this.#clock.now()];
    this.#taken().then(
      () => this.#went(asked, this.#clock.now() - since),
      () => undefined, // the session has ended
    );
  }

  #went(characters: number, ms: number): void {
    this.#asking = false;
    this.#underWay -= characters;
    this.#window = ms < QUICK_MS ? Math.min(this.#window * 2, MAX_WINDOW) : MIN_WINDOW;
    while (this.#underWay < this.#window && this.#lines.size > 0) this.#writeNext();
    this.#count(0);
  }

  #writeNext(): void {
    const [[account, line]] = this.#lines as unknown as [[string, Line]];
    this.#lines.delete(account);
    const parcel = line.parcels.shift() as Parcel;
    line.characters -= parcel.characters;
    this.#waiting -= parcel.characters;
    if (line.parcels.length > 0) this.#lines.set(account, line);
    this.#underWay += parcel.characters;
    parcel.write();
  }

  #empty(): Parcel[] {
    const parcels = [...this.#lines.values()].flatMap((line) => line.parcels);
    this.#lines.clear();
    this.#waiting = 0;
    return parcels;
  }
}

const OWN_SERVER = '';

/** Whatever else may be wrong with the address. */
const accountOf = (to: string): string => to.split('/', 1)[0] as string;

/** What others make us send: answers, errors, and messages that are for one who has written to us. */
const isAnswer = ({ name, attrs: { type = '' } }: Element): boolean =>
  (name === 'iq' && (type === 'result' || type === 'error')) ||
  (name === 'message' && (type === 'error' || type === 'chat'));
