import type { Clock } from '../clock.js';
import { withoutResource } from '../jid.js';
import type { Element } from '../xml.js';
import { Pace } from './pace.js';
import { type Parcel, Queue } from './queue.js';
import { Room } from './room.js';

const KIB = 1_024;
/** Characters of answers that wait for their turn. */
const ANSWERS = { most: 16 * KIB * KIB, mostOfOne: KIB * KIB, little: 4 * KIB };
/** Characters that wait to tell others that nothing is here for them; beyond it they are told nothing. */
const REFUSALS = { most: 64 * KIB, mostOfOne: 64 * KIB };
/** A longer answer holds up all that is behind it. */
const LONG = 4 * KIB;
/**
 * With so many characters before it a long answer comes when nobody waits for it any more: by a slow server, by others.
 */
const BEHIND_IF_SLOW = 64 * KIB;
const BEHIND = 256 * KIB;

type Content = Pick<Parcel, 'characters' | 'write' | 'fail'>;

/**
 * Lets answers go out no faster than the server takes them, one account after the other: who asks so much that the
 * answers fill the connection waits for them himself, and nobody else does. Long answers and refusals have half of the
 * time while there are others. What is no answer waits only behind those to the same account.
 */
export class Outbox {
  readonly #pace: Pace;
  readonly #ownServer: readonly string[];
  readonly #prompt = new Queue();
  /** Long answers and refusals. */
  readonly #patient = new Queue();
  readonly #answers = new Room(ANSWERS);
  readonly #refusals = new Room(REFUSALS);

  /**
   * `taken` resolves when the server has taken all that was written so far. `ownServer`: the addresses by which it
   * speaks itself, for which nothing waits.
   */
  constructor(taken: () => Promise<void>, clock: Clock, ownServer: readonly string[] = []) {
    this.#pace = new Pace(taken, clock, () => this.#writeWhatMay());
    this.#ownServer = ownServer;
  }

  /** Whether so much waits for this one that nothing more is to be answered to it. */
  isFull(to: string): boolean {
    const account = withoutResource(to);
    const hasRoom = this.#answers.hasFor(account) || this.#answers.hasLittleFor(account);
    return !hasRoom && !this.#ownServer.includes(to);
  }

  /** Whether so much waits for this one that it had better ask again later for what is long. */
  isBehind(to: string): boolean {
    const account = withoutResource(to);
    const most = this.#pace.isSlow ? BEHIND_IF_SLOW : BEHIND;
    const isBehind = this.#answers.of(account) >= most || !this.#answers.hasFor(account);
    return isBehind && !this.#ownServer.includes(to);
  }

  /** Writes a stanza at once, or when its turn is; `fail` is called where that never comes. */
  put(stanza: Element, content: Content): void {
    const account = withoutResource(stanza.attrs.to ?? '');
    if (this.#isToServer(stanza) || (!isAnswer(stanza) && !this.#prompt.has(account))) {
      return content.write();
    }
    const cost = isAnswer(stanza) ? content.characters : 0;
    const parcel = { ...content, account, cost, isRefusal: isRefusal(stanza) };
    if (parcel.isRefusal && !this.#refusals.hasFor(account)) {
      return parcel.fail(new Error('too many are to be refused'));
    }
    const isPatient = parcel.isRefusal || cost > LONG;
    if (!isPatient) this.#pace.othersCome();
    (isPatient ? this.#patient : this.#prompt).push(parcel);
    this.#change(parcel, 1);
    this.#writeWhatMay();
  }

  /** Writes all that waits. */
  flush(): void {
    for (const { write } of this.#empty()) write();
  }

  /** Nothing more can be written. */
  fail(error: Error): void {
    this.#pace.end();
    for (const { fail } of this.#empty()) fail(error);
  }

  #isToServer({ attrs: { to } }: Element): boolean {
    return to === undefined || this.#ownServer.includes(to);
  }

  #writeWhatMay(): void {
    while (this.#pace.hasRoom) {
      const patient = this.#pace.isResting ? undefined : this.#patient.shift();
      const parcel = patient ?? this.#prompt.shift();
      if (!parcel) break;
      const [isPatient, holdsUp] = [parcel === patient, !this.#prompt.isEmpty];
      this.#change(parcel, -1);
      this.#pace.wrote({ cost: parcel.cost, isPatient, holdsUp });
      parcel.write();
    }
    this.#pace.wait(!this.#patient.isEmpty);
  }

  #change({ account, cost, isRefusal }: Parcel, sign: 1 | -1): void {
    (isRefusal ? this.#refusals : this.#answers).change(account, sign * cost);
  }

  #empty(): Parcel[] {
    const parcels: Parcel[] = [];
    for (const queue of [this.#prompt, this.#patient]) {
      for (let next = queue.shift(); next; next = queue.shift()) parcels.push(next);
    }
    for (const parcel of parcels) this.#change(parcel, -1);
    return parcels;
  }
}

/** What others make us send: answers, errors, and messages that are for one who has written to us. */
const isAnswer = ({ name, attrs: { type = '' } }: Element): boolean =>
  (name === 'iq' && (type === 'result' || type === 'error')) ||
  (name === 'message' && (type === 'error' || type === 'chat'));

/** What strangers hear, and those who ask for what is not here. */
const isRefusal = (stanza: Element): boolean =>
  stanza.attrs.type === 'error' &&
  stanza.getChild('error')?.getChild('service-unavailable') !== undefined;
