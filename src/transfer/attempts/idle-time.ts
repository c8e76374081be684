import { type Clock, systemClock } from '../../session/clock.js';

/** The time in which nothing was done, from a failure on until there is progress; in milliseconds. */
export class IdleTime {
  readonly #clock: Clock;
  /** Up to `#since`. */
  #counted = 0;
  /** From when on time is being lost. */
  #since: number | undefined;
  /** When something of the present attempt has moved last. */
  #movedAt: number | undefined;

  constructor(clock = systemClock) {
    this.#clock = clock;
  }

  /** What is lost for good. What goes on now is not in it: something that moves next makes up for that. */
  get counted(): number {
    return this.#counted;
  }

  /** How long nothing has moved, where time is being lost. */
  get running(): number | undefined {
    return this.#since === undefined ? undefined : this.#clock.now() - this.#since;
  }

  /** Another attempt begins: what has gone by without one is lost. */
  attemptBegins(): void {
    this.#movedAt = undefined;
    this.#count();
  }

  /** From now on it is silence where nothing moves. */
  begins(): void {
    this.#movedAt = this.#clock.now();
  }

  /** Something is done which is no progress, and takes its time. */
  moved(): void {
    this.#movedAt = this.#clock.now();
    if (this.#since !== undefined) this.#since = this.#movedAt;
  }

  /** There is progress: nothing is lost. */
  ends(): void {
    this.#counted = 0;
    this.#since = undefined;
  }

  /** The present attempt has failed, so that the time is lost since it has moved last. */
  fails(): void {
    this.#since ??= this.#movedAt ?? this.#clock.now();
    this.#count();
  }

  #count(): void {
    const { running } = this;
    if (running === undefined) return;
    this.#counted += running;
    this.#since = this.#clock.now();
  }
}
