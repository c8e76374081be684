import { domainOf } from '../jid.js';

interface RoomOptions {
  /** Characters, of all accounts. */
  most: number;
  mostOfOne: number;
  /** An account with less than this has as much room again, in which such accounts alone are let. */
  little?: number;
}

/**
 * What waits, by account and by domain. A domain, which may make up any number of accounts, gets more
 * while more is free than it has, and so cannot take what others need.
 */
export class Room {
  readonly #options: RoomOptions;
  readonly #ofAccount = new Map<string, number>();
  readonly #ofDomain = new Map<string, number>();
  #all = 0;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Characters that wait for an account. */
  of(account: string): number {
    return this.#ofAccount.get(account) ?? 0;
  }

  /** Whether an account may have more. */
  hasFor(account: string): boolean {
    const { most, mostOfOne } = this.#options;
    return this.of(account) < mostOfOne && this.#isFree(account, most);
  }

  /** Whether an account that has little may have a little more. */
  hasLittleFor(account: string): boolean {
    const { most, little = 0 } = this.#options;
    return this.of(account) < little && this.#isFree(account, 2 * most);
  }

  /** `characters`: negative for what waits no more. */
  change(account: string, characters: number): void {
    this.#all += characters;
    add(this.#ofAccount, account, characters);
    add(this.#ofDomain, domainOf(account), characters);
  }

  #isFree(account: string, most: number): boolean {
    const ofDomain = this.#ofDomain.get(domainOf(account)) ?? 0;
    return most - this.#all > ofDomain;
  }
}

function add(counts: Map<string, number>, key: string, characters: number): void {
  const count = (counts.get(key) ?? 0) + characters;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
