import { type Clock, systemClock } from '../../session/clock.js';
import { formatAbout, formatBytes, formatRate } from '../../units.js';
import type { Event, Report } from '../events.js';

/** Milliseconds of a look, and how many have to agree. */
const LOOK_MS = 10_000;
const LOOKS = 3;

/** By how much they may differ from their mean: few blocks come in a look where a server is slow. */
const SPREAD = 0.35;

/** Bytes a second; networks are faster, and so are servers that limit nobody. */
const SLOW_RATE = 100_000;

/** The part of the bytes in the stream that is the file's: base64 and the stanza take the rest. */
const SHARE_OF_FILE = 0.71;

/** What will be there in less than that, in seconds, needs no explanation. */
const WORTH_TELLING_S = 60;

/** Notices a rate that stays low and the same, as that of a server that limits its clients, and says so once. */
export class SlowServer {
  readonly #report: Report;
  readonly #clock: Clock;
  readonly #underWay = new Map<number, { size: number | undefined; bytes: number }>();
  #rates: number[] = [];
  #bytes = 0;
  #since: number | undefined;
  #isTold = false;

  constructor(report: Report, clock: Clock = systemClock) {
    this.#report = report;
    this.#clock = clock;
  }

  readonly track = (event: Event): void => {
    if (this.#isTold || !('id' in event) || event.id === undefined) return;
    const { id } = event;
    if (event.event === 'start') this.#underWay.set(id, { size: event.size, bytes: 0 });
    const own = this.#underWay.get(id);
    // What was lost with a connection says nothing about the rate.
    if (event.event === 'resumed' && own) this.#begin(own, event.offset);
    if (event.event === 'done' || event.event === 'failed') this.#underWay.delete(id);
    if (event.event !== 'progress' || !own) return;
    this.#look(event.bytes - own.bytes);
    own.bytes = event.bytes;
  };

  #begin(own: { bytes: number }, offset: number): void {
    own.bytes = offset;
    [this.#rates, this.#bytes, this.#since] = [[], 0, undefined];
  }

  #look(bytes: number): void {
    const now = this.#clock.now();
    // When the first ones of a look were sent is not known.
    if (this.#since !== undefined) this.#bytes += bytes;
    this.#since ??= now;
    const elapsed = now - this.#since;
    if (elapsed < LOOK_MS) return;
    this.#rates = [...this.#rates, (this.#bytes / elapsed) * 1000].slice(-LOOKS);
    [this.#bytes, this.#since] = [0, now];
    const mean = this.#rates.reduce((sum, rate) => sum + rate, 0) / this.#rates.length;
    const isSteady = this.#rates.every((rate) => Math.abs(rate - mean) <= SPREAD * mean);
    if (this.#rates.length === LOOKS && isSteady && mean > 0 && mean < SLOW_RATE) this.#tell(mean);
  }

  #tell(rate: number): void {
    const all = [...this.#underWay.values()];
    const left = all.reduce((sum, { size, bytes }) => sum + (size ?? Infinity) - bytes, 0);
    if (left / rate < WORTH_TELLING_S) return;
    this.#isTold = true;
    const largest = Math.max(...all.map(({ size = 0 }) => size));
    const limit = `your server seems to limit you to ${formatRate(rate / SHARE_OF_FILE)}`;
    const time =
      largest > 0 ? `; ${formatBytes(largest)} take about ${formatAbout(largest / rate)}` : '';
    this.#report({ event: 'notice', text: `${limit}${time}. See "inband help slow"` });
  }
}
