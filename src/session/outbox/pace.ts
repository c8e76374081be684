import type { Clock } from '../clock.js';

/**
 * Characters of answers under way to the server. As shipped Prosody reads 10,000 bytes a second of a client, and
 * ejabberd 3,000: what is behind them waits no longer than somebody who asks has patience. More where a server is
 * quick.
 */
const MIN_WINDOW = 2_048;
const MAX_WINDOW = 8_192;
const QUICK_MS = 250;

/** What is written: how much of a window it takes, whether it lets others go first, and whether such wait behind it. */
interface Written {
  cost: number;
  isPatient: boolean;
  holdsUp: boolean;
}

/**
 * How much may be under way, by how quickly the server takes it. The patient rest for as long as they have kept others
 * up, even where nobody waits at this moment: one who sends a file sends the next blocks only when the last are
 * acknowledged.
 */
export class Pace {
  readonly #taken: () => Promise<void>;
  readonly #clock: Clock;
  readonly #goOn: () => void;
  readonly #ended = new AbortController();
  #window = MIN_WINDOW;
  #isSlow = false;
  #underWay = 0;
  #patientUnderWay = 0;
  #isAsking = false;
  /** Whether the patient that are under way keep others up. */
  #holdsUp = false;
  #restsUntil = 0;
  #isAwaited = false;

  /** `taken`: see `Outbox`. Calls `goOn` when more may be written. */
  constructor(taken: () => Promise<void>, clock: Clock, goOn: () => void) {
    this.#taken = taken;
    this.#clock = clock;
    this.#goOn = goOn;
  }

  get hasRoom(): boolean {
    return this.#underWay < this.#window;
  }

  /** Whether the server was slow when it last took something. */
  get isSlow(): boolean {
    return this.#isSlow;
  }

  get isResting(): boolean {
    return this.#clock.now() < this.#restsUntil;
  }

  /** Something comes that is not patient. */
  othersCome(): void {
    this.#holdsUp = true;
  }

  wrote({ cost, isPatient, holdsUp }: Written): void {
    this.#underWay += cost;
    if (!isPatient) return;
    this.#holdsUp = holdsUp || (this.#holdsUp && this.#patientUnderWay > 0);
    this.#patientUnderWay += cost;
  }

  /** To be called when all is written that may be; `arePatient`: whether such are left. */
  wait(arePatient: boolean): void {
    // The answer should be there before the window is used up.
    if (!this.#isAsking && this.#underWay >= this.#window / 2) this.#ask();
    if (this.hasRoom && arePatient && !this.#isAwaited) this.#awaitRest();
  }

  end(): void {
    this.#ended.abort();
  }

  #ask(): void {
    this.#isAsking = true;
    const [asked, patient, since] = [this.#underWay, this.#patientUnderWay, this.#clock.now()];
    this.#taken().then(
      () => {
        this.#isAsking = false;
        this.#underWay -= asked;
        this.#patientUnderWay -= patient;
        this.#adapt(this.#clock.now() - since, patient / asked);
        this.#goOn();
      },
      () => undefined, // the session has ended
    );
  }

  #adapt(ms: number, ofPatient: number): void {
    this.#isSlow = ms >= QUICK_MS;
    this.#window = this.#isSlow ? MIN_WINDOW : Math.min(this.#window * 2, MAX_WINDOW);
    if (this.#holdsUp && ofPatient > 0) this.#restsUntil = this.#clock.now() + ms * ofPatient;
  }

  #awaitRest(): void {
    this.#isAwaited = true;
    this.#clock.sleep(this.#restsUntil - this.#clock.now(), this.#ended.signal).then(
      () => {
        this.#isAwaited = false;
        this.#goOn();
      },
      () => undefined, // the session has ended
    );
  }
}
