import { createHash } from 'node:crypto';
import { timerMs } from '../../../session/clock.js';
import { bareJid } from '../../../session/jid.js';
import { ChannelNotOpened } from '../../channel.js';
import type { Bytestream } from '../bytestream.js';

/** Bytestreams of one account that are remembered as given up, */
const MAX_GIVEN_UP_OF_ONE = 256;
/** and accounts of which any are; beyond that, a bytestream that comes too late is let in. */
const MAX_ACCOUNTS = 256;

interface Waiting {
  settle(stream: Bytestream): void;
  /** `why`: whatever a signal was aborted with, which may be no error. */
  fail(why: unknown): void;
}

/** The bytestreams that were announced elsewhere and are waited for, by their keys. */
export class Expectations {
  /** Digests of the keys of each account, those that came last at the end: a key has up to 4 kB. */
  readonly #givenUp = new Map<string, Set<string>>();
  readonly #waiting = new Map<string, Waiting>();

  /** Resolves to the peer's bytestream; rejects after `timeout` ms, or with the signal's reason. */
  add(
    key: string,
    peer: string,
    { timeout, signal }: { timeout: number; signal?: AbortSignal },
  ): Promise<Bytestream> {
    return new Promise((resolve, reject) => {
      const abort = () => this.fail(key, signal?.reason);
      const late = () =>
        this.fail(key, new ChannelNotOpened(`${peer} did not open the bytestream`));
      const timer = setTimeout(late, timerMs(timeout));
      const over = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(key);
      };
      const settle = (stream: Bytestream) => {
        over();
        resolve(stream);
      };
      const fail = (why: unknown) => {
        over();
        this.#giveUp(key, bareJid(peer));
        reject(why);
      };
      this.#waiting.set(key, { settle, fail });
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
    });
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Whether it was waited for in vain: what comes under its key now is still what was announced, and too late. */
  wasGivenUp(key: string, peer: string): boolean {
    return this.#givenUp.get(bareJid(peer))?.has(digestOf(key)) ?? false;
  }

  #giveUp(key: string, account: string): void {
    const keys = this.#givenUp.get(account) ?? new Set();
    keys.add(digestOf(key));
    dropOldest(keys, MAX_GIVEN_UP_OF_ONE);
    this.#givenUp.delete(account);
    this.#givenUp.set(account, keys);
    dropOldest(this.#givenUp, MAX_ACCOUNTS);
  }

  /** Returns whether somebody waited. */
  settle(key: string, stream: Bytestream): boolean {
    const waiting = this.#waiting.get(key);
    waiting?.settle(stream);
    return waiting !== undefined;
  }

  fail(key: string, why: unknown): void {
    this.#waiting.get(key)?.fail(why);
  }

  failAll(error: Error): void {
    for (const { fail } of this.#waiting.values()) fail(error);
  }
}

function dropOldest(all: Set<string> | Map<string, unknown>, max: number): void {
  const [oldest] = all.keys();
  if (all.size > max && oldest !== undefined) all.delete(oldest);
}

const digestOf = (key: string) => createHash('sha256').update(key).digest('base64');
