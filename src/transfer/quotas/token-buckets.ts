import { systemClock } from '../../session/clock.js';
import { bareJid, domainOf } from '../../session/jid.js';

/** How often an account may do something: so many times at once, and so many a minute in the long run. */
export interface Rate {
  burst: number;
  perMinute: number;
}

/**
 * More accounts than ever come in good faith. A domain, which may make up any number of them, gets another bucket while
 * more are free than it has; accounts beyond that share one, until others are full again.
 */
const MAX_BUCKETS = 10_000;
/** No JID. */
const OTHERS = '';
const SWEEP_MS = 1_000;

/** A token bucket for each account, whatever its resources. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #now: () => number;
  /** Tokens at a time; a bucket that is full is not kept. */
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  /** How many there are for the accounts of each domain. */
  readonly #ofDomain = new Map<string, number>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(rate: Rate, now = systemClock.now) {
    this.#rate = rate;
    this.#now = now;
  }

  /** How many accounts have taken something lately. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes tokens for one with this JID; returns whether there was one: the others it will have to make up for. */
  take(jid: string, count = 1): boolean {
    const key = this.#payerOf(jid);
    const tokens = this.#tokens(key);
    if (tokens < 1) return false;
    this.#set(key, tokens - count);
    return true;
  }

  /** What was taken cost nothing in the end. */
  giveBack(jid: string): void {
    const key = this.#payerOf(jid);
    this.#set(key, Math.min(this.#tokens(key) + 1, this.#rate.burst));
  }

  #tokens(key: string): number {
    const { burst, perMinute } = this.#rate;
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: burst, at: this.#now() };
    return Math.min(tokens + ((this.#now() - at) / 60_000) * perMinute, burst);
  }

  #set(key: string, tokens: number): void {
    if (!this.#buckets.has(key)) this.#count(key, 1);
    this.#buckets.set(key, { tokens, at: this.#now() });
  }

  #count(key: string, change: 1 | -1): void {
    const domain = domainOf(key);
    const count = (this.#ofDomain.get(domain) ?? 0) + change;
    if (count > 0) this.#ofDomain.set(domain, count);
    else this.#ofDomain.delete(domain);
  }

  #payerOf(jid: string): string {
    const account = bareJid(jid);
    if (this.#buckets.has(account) || this.#hasRoom(account)) return account;
    this.#sweep();
    return this.#hasRoom(account) ? account : OTHERS;
  }

  #hasRoom(account: string): boolean {
    return MAX_BUCKETS - this.#buckets.size > (this.#ofDomain.get(domainOf(account)) ?? 0);
  }

  #sweep(): void {
    if (this.#now() - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = this.#now();
    for (const key of this.#buckets.keys()) {
      if (this.#tokens(key) < this.#rate.burst) continue;
      this.#buckets.delete(key);
      this.#count(key, -1);
    }
  }
}
