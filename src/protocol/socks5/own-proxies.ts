import { orAborted } from '../../session/aborted.js';
import type { Clock } from '../../session/clock.js';
import { parseJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { discoverInfo, discoverItems, hasIdentity } from '../disco.js';
import { within } from '../within.js';
import { readStreamhost, type Streamhost, streamhostQuery } from './stanzas.js';

/** How long files may wait for it, from the first question on. */
const FIND_MS = 5_000;

/**
 * How long they wait for what does not say whether it is a proxy, in milliseconds: as long again as the server has taken
 * to name it, or this where it was quick. A server may name what another one has that is down.
 */
const LEAST_MS = 500;

/** Items of a server that are looked at; they have ten or so. */
const MAX_ITEMS = 32;

/** More of them are no faster. */
const MAX_PROXIES = 2;

/** The proxies of the own server (XEP-0065 §4), looked for when they are first needed, and then known. */
export class OwnProxies {
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #found: Streamhost[] = [];
  #search: Promise<void> | undefined;

  constructor(session: Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /**
   * The proxies that are known by now, or answer in time; what answers later is known from then on. Rejects with the
   * signal's reason only.
   */
  async find(signal: AbortSignal): Promise<readonly Streamhost[]> {
    this.#search ??= within(this.#clock, FIND_MS, this.#session.ended, (until) =>
      settledOrAborted(this.#searchAll(), until),
    );
    await orAborted(this.#search, signal);
    return this.#found.slice(0, MAX_PROXIES);
  }

  async #searchAll(): Promise<void> {
    const { domain } = parseJid(this.#session.jid);
    const began = this.#clock.now();
    // A server without them has no proxy: what goes wrong with asking is no matter of a file's.
    const items = await discoverItems(this.#session, domain).catch(() => []);
    const patience = Math.max(2 * (this.#clock.now() - began), LEAST_MS);
    const addresses: Promise<void>[] = [];
    const asked = items.slice(0, MAX_ITEMS).map(async (jid) => {
      if (await this.#isProxy(jid)) addresses.push(this.#askAddress(jid).catch(() => undefined));
    });
    await within(this.#clock, patience, this.#session.ended, (until) =>
      settledOrAborted(Promise.all(asked), until),
    );
    await Promise.all(addresses);
  }

  async #isProxy(jid: string): Promise<boolean> {
    return discoverInfo(this.#session, jid, undefined).then(
      ({ info }) => hasIdentity(info, 'proxy', 'bytestreams'),
      () => false,
    );
  }

  async #askAddress(jid: string): Promise<void> {
    const answer = await this.#session.request('get', jid, streamhostQuery());
    const streamhost = readStreamhost(answer, jid);
    if (streamhost) this.#found.push(streamhost);
  }
}

/** Resolves when the work is done, or is to be waited for no more. */
function settledOrAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
    void work.then(() => resolve());
  });
}
