import { type Clock, systemClock } from '../../session/clock.js';

/** Bytes: up to this files go side by side. A larger one fills the connection by itself. */
const SMALL_BYTES = 256 * 1024;

/** Milliseconds that an offer may take longer than the fastest: more means that files queue up, behind a limiter. */
const QUEUED_MS = 500;

/** Milliseconds until more are tried, after a recipient had no place for more, or files were broken off. */
const CALM_MS = 30_000;

/** The slot of one file among those under way to its recipient. */
export interface Slot {
  /** The recipient is a program that has taken this or another file before. */
  readonly isKnown: boolean;
  /** Another file waits until this one, or one beside it, is over. */
  readonly isAwaited: boolean;
  /** It is about to be offered. */
  offered(): void;
  /** The recipient has taken it; `takesSeveral`: it is a program that says so where it takes no more at a time. */
  accepted(takesSeveral: boolean): void;
  /** All its bytes have been read: they fill the connection no more. */
  read(): void;
  /**
   * Another try is due. Waits until the file may be under way again; resolves to whether another one has got on
   * meanwhile, by which the recipient is known to be there, and to have a place. Rejects with the signal's reason.
   */
  again(isBroken: boolean): Promise<boolean>;
  /** It is over. */
  leave(): void;
}

/** A file that has its slot, or waits for it once more. */
interface UnderWay {
  readonly number: number;
  readonly isLarge: boolean;
  /** All its bytes have been read in this try. */
  isRead: boolean;
  /** When it was offered, in milliseconds of the clock. */
  since: number;
}

interface Waiter {
  number: number;
  isLarge: boolean;
  enter(): void;
}

/**
 * Decides how many files are under way to one recipient. It starts with one, and has one more with each that is
 * accepted, until the recipient has no place for another, or offers take longer.
 */
export class Slots {
  readonly #most: number;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  #limit = 1;
  #taken = 0;
  /** Large files whose bytes are being sent. */
  #large = 0;
  /** Files that wait for a slot, by their numbers. */
  readonly #waiting: Waiter[] = [];
  #count = 0;
  /** How often a file has got on: was accepted, or is over. */
  #progress = 0;
  #isKnown = false;
  #fastest = Number.POSITIVE_INFINITY;
  #calmUntil = 0;

  /** `most`: at a time. */
  constructor(most: number, signal: AbortSignal, clock = systemClock) {
    this.#most = most;
    this.#signal = signal;
    this.#clock = clock;
  }

  /** Resolves when one more file of so many bytes may be offered. Rejects with the signal's reason. */
  async enter(size = Number.POSITIVE_INFINITY): Promise<Slot> {
    this.#count += 1;
    const file = { number: this.#count, isLarge: size > SMALL_BYTES, isRead: false, since: 0 };
    await this.#wait(file);
    return this.#slot(file);
  }

  #slot(file: UnderWay): Slot {
    const isKnown = () => this.#isKnown;
    const waiting = this.#waiting;
    return {
      get isKnown() {
        return isKnown();
      },
      get isAwaited() {
        return waiting.length > 0;
      },
      offered: () => {
        file.since = this.#clock.now();
      },
      accepted: (takesSeveral) => this.#accepted(this.#clock.now() - file.since, takesSeveral),
      read: () => {
        this.#read(file);
        this.#admit();
      },
      again: (isBroken) => this.#again(file, isBroken),
      leave: () => {
        this.#progress += 1;
        this.#read(file);
        this.#taken -= 1;
        this.#admit();
      },
    };
  }

  #read(file: UnderWay): void {
    if (file.isLarge && !file.isRead) this.#large -= 1;
    file.isRead = true;
  }

  async #again(file: UnderWay, isBroken: boolean): Promise<boolean> {
    const before = this.#progress;
    this.#fewer(isBroken);
    this.#read(file);
    this.#taken -= 1;
    await this.#wait(file);
    file.isRead = false;
    return this.#progress > before;
  }

  /** As many as there are beside one that had no place; of those that are broken off one alone tries again. */
  #fewer(isBroken: boolean): void {
    this.#limit = isBroken ? 1 : Math.max(1, Math.min(this.#limit, this.#taken - 1));
    this.#calmUntil = this.#clock.now() + CALM_MS;
  }

  #accepted(took: number, takesSeveral: boolean): void {
    this.#progress += 1;
    this.#fastest = Math.min(this.#fastest, took);
    this.#isKnown ||= takesSeveral;
    const isQueued = took > 2 * this.#fastest + QUEUED_MS;
    if (!takesSeveral) this.#limit = 1;
    else if (isQueued) this.#limit = Math.max(1, this.#limit - 1);
    else if (this.#mayGrow()) this.#limit += 1;
    this.#admit();
  }

  #mayGrow(): boolean {
    const isUsed = this.#taken >= this.#limit && this.#limit < this.#most;
    return isUsed && this.#clock.now() >= this.#calmUntil;
  }

  /** Resolves when it has its slot. */
  #wait({ number, isLarge }: UnderWay): Promise<void> {
    this.#signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(this.#signal.reason);
      };
      const enter = () => {
        this.#signal.removeEventListener('abort', abort);
        resolve();
      };
      const waiter = { number, isLarge, enter };
      this.#signal.addEventListener('abort', abort);
      this.#waiting.push(waiter);
      this.#waiting.sort((a, b) => a.number - b.number);
      this.#admit();
    });
  }

  /** Lets those in for whom there is a slot, in the order of the files. */
  #admit(): void {
    while (this.#waiting.length > 0 && this.#taken < this.#limit && this.#large === 0) {
      const { isLarge, enter } = this.#waiting.shift() as Waiter;
      this.#taken += 1;
      if (isLarge) this.#large += 1;
      enter();
    }
  }
}
