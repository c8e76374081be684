import { setImmediate as turn } from 'node:timers/promises';
import { orAborted } from '../../../../session/aborted.js';
import { ConnectionLost } from '../../../../session/stanza-session.js';
import type { Element } from '../../../../session/xml.js';
import { type Channel, ChannelNotOpened } from '../../../channel.js';
import type { Socket } from '../../../network/network.js';
import { addressField } from '../../../socks5/address-field.js';
import { within } from '../../../within.js';
import type { Negotiation, Negotiators } from '../transport.js';
import { channelBy } from './channel-by.js';
import { Heard } from './heard.js';
import { type Nominated, nominated } from './nomination.js';
import type { S5bOptions } from './options.js';
import { OwnSide } from './own-side.js';
import {
  type Candidate,
  isProxy,
  type News,
  news,
  type Offered,
  outsideSid,
  readNews,
  readTransport,
  transport,
} from './s5b-stanzas.js';
import { TheirSide } from './their-side.js';
import type { Reached } from './trying.js';
import { type Failed, whyNoWay } from './why-no-way.js';

/**
 * How long all of it may take: whoever waits could already send in another way. Some programs that cannot activate their
 * proxy say nothing (Conversations).
 */
const CONNECT_MS = 10_000;

const NO_WAY = 'neither side reaches the other, nor a proxy';

/** How two parties find a way beside the XMPP stream (§2). */
export class S5bNegotiation implements Negotiation {
  readonly standsAlone = false;
  readonly sid: string;
  readonly #options: S5bOptions;
  readonly #negotiators: Negotiators;
  readonly #isInitiator: boolean;
  readonly #own: OwnSide;
  readonly #theirs: TheirSide;
  readonly #heard = new Heard();
  /** Connections that are to be closed when another one is used, or none. */
  readonly #sockets = new Set<Socket>();
  #reached: Reached | undefined;
  /** Candidates to which there was no connection, and ours to which the peer had none. */
  readonly #failed: Failed[] = [];
  #unreached: readonly Candidate[] = [];
  #description: Promise<Element> | undefined;
  #tellDescribed: () => void = () => undefined;
  readonly #isDescribed = new Promise<void>((resolve) => {
    this.#tellDescribed = resolve;
  });

  /** `offered`: by the peer, or no more than the sid of what we offer. */
  constructor(
    options: S5bOptions,
    negotiators: Negotiators,
    offered: Offered,
    isInitiator: boolean,
  ) {
    const { session, network, clock } = options;
    const { peer, over, isSealed = false } = negotiators;
    this.sid = offered.sid;
    this.#options = options;
    this.#negotiators = negotiators;
    this.#isInitiator = isInitiator;
    const reach = options.reachOf(peer, isSealed);
    const field = addressField(this.sid, session.jid, peer);
    const own = { session, network, clock, peer, field, isInitiator };
    this.#own = new OwnSide({ ...own, sid: this.sid, reach });
    const { chosen } = this.#heard;
    const failed = (one: Failed) => void this.#failed.push(one);
    const theirs = { negotiators, offered, isInitiator, reach, chosen, failed };
    this.#theirs = new TheirSide({ ...options, ...theirs });
    over.addEventListener('abort', () => this.#own.close());
  }

  describe(): Promise<Element> {
    this.#description ??= this.#describe();
    return this.#description;
  }

  agreed(element: Element): void {
    this.#theirs.offers(readTransport(element));
  }

  informed(element: Element): void {
    const told = readNews(element);
    if (told.said !== 'candidates') return this.#heard.take(told, this.#own.candidates);
    // What is not sealed there any server may have said.
    if (!this.#negotiators.isSealed) this.#theirs.offers(told);
  }

  open(signal: AbortSignal): Promise<Channel> {
    return this.#connect(signal, true);
  }

  expect(signal: AbortSignal): Promise<Channel> {
    return this.#connect(signal, false);
  }

  async #describe(): Promise<Element> {
    const { session, proxies } = this.#options;
    const { peer, over } = this.#negotiators;
    await this.#own.gather(await proxies.find(over), this.#theirs.candidates);
    this.#tellDescribed();
    const { candidates } = this.#own;
    return transport({ sid: this.sid, candidates }, addressField(this.sid, session.jid, peer));
  }

  async #connect(signal: AbortSignal, isOpener: boolean): Promise<Channel> {
    const until = AbortSignal.any([signal, this.#negotiators.over]);
    try {
      until.throwIfAborted();
      return await this.#channel(until, isOpener);
    } catch (error) {
      if (until.aborted) throw error;
      const why = whyNoWay(error as Error, this.#failed, this.#unreached);
      this.#options.onFailed?.(this.#negotiators.peer, false, why);
      throw notOpened(error as Error);
    } finally {
      for (const socket of this.#sockets) socket.destroy();
      this.#own.close();
    }
  }

  async #channel(until: AbortSignal, isOpener: boolean): Promise<Channel> {
    const { clock } = this.#options;
    const [found, socket] = await within(clock, CONNECT_MS, until, async (inTime) => {
      const nominated = await this.#agree(inTime);
      return [nominated, await this.#connection(nominated, inTime)] as const;
    });
    until.throwIfAborted();
    if (socket.destroyed) throw new Error('the connection was closed at once');
    this.#sockets.delete(socket);
    return channelBy(socket, found.candidate, isOpener, this.#negotiators, this.#options);
  }

  async #agree(signal: AbortSignal): Promise<Nominated> {
    await orAborted(this.#isDescribed, signal);
    const isNone = this.#theirs.candidates.length + this.#own.candidates.length === 0;
    if (isNone && this.#negotiators.isSealed) throw new Error(NO_WAY);
    await turn(); // the description leaves before anything that refers to it
    const reached = await this.#theirs.reach(signal, (trying) => {
      void this.#heard.chosen.then((chosen) => chosen && trying.onlyAbove(chosen.priority));
    });
    if (reached) this.#sockets.add(reached.socket);
    this.#reached = reached;
    const cid = reached?.candidate.cid;
    await this.#tell(cid ? { said: 'candidate-used', cid } : { said: 'candidate-error' }, signal);
    const chosen = await orAborted(this.#heard.chosen, signal);
    const found = nominated(reached?.candidate, chosen, this.#isInitiator);
    if (found) return found;
    this.#unreached = this.#own.candidates;
    throw new Error(NO_WAY);
  }

  /** The connection by what was nominated; for ours it is for us to make a proxy ready. */
  async #connection({ candidate, isOurs }: Nominated, signal: AbortSignal): Promise<Socket> {
    if (!isOurs) {
      if (isProxy(candidate)) await orAborted(this.#heard.activated, signal);
      if (!this.#reached) throw new Error('a candidate is nominated that nobody has reached');
      return this.#reached.socket;
    }
    try {
      const socket = await this.#own.connection(candidate, signal);
      this.#sockets.add(socket);
      if (isProxy(candidate)) await this.#tell({ said: 'activated', cid: candidate.cid }, signal);
      return socket;
    } catch (error) {
      this.#failed.push({ candidate, error: error as Error });
      // It fails because of what is thrown, whether the peer hears of that or not.
      if (isProxy(candidate))
        await this.#tell({ said: 'proxy-error' }, signal).catch(() => undefined);
      throw error;
    }
  }

  #tell(told: News, signal: AbortSignal): Promise<void> {
    const sid = this.#negotiators.isSealed ? outsideSid(this.sid) : this.sid;
    return orAborted(this.#negotiators.inform(news(sid, told)), signal);
  }
}

/** Neither a proxy's answer nor the system's is the peer's word of the file. */
function notOpened(error: Error): Error {
  if (error instanceof ConnectionLost) return error;
  return new ChannelNotOpened(error.message, { cause: error });
}
