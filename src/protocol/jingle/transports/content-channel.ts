import type { Clock } from '../../../session/clock.js';
import type { Element } from '../../../session/xml.js';
import type { Channel } from '../../channel.js';
import { badRequest } from '../../conditions.js';
import { within } from '../../within.js';
import { unsupportedInfo } from '../stanzas.js';
import { type Attempt, Attempts, type AttemptsOptions } from './attempts.js';
import type { Described, Negotiation } from './transport.js';

/** How long a peer may take to answer a transport of ours, or to propose one where it is the peer that has to. */
const REPLACE_MS = 15_000;

export interface ContentChannelOptions extends AttemptsOptions {
  clock: Clock;
  /** Asked whether a transport that the peer proposes may take the place of the one that is agreed on. */
  mayReplace: (proposed: Negotiation, isSameTransport: boolean) => boolean;
}

/**
 * The channel of a Jingle session's content, by the first transport that works. When one fails it is for the initiator
 * to replace it (XEP-0260, "Fallback Methods"): ours proposes the next one, and a responder of ours waits for the peer.
 */
export class ContentChannel {
  readonly #options: ContentChannelOptions;
  readonly #attempts: Attempts;
  /** The transport that is agreed on, or offered first. */
  #attempt: Attempt;
  #isReached = false;
  /** Replacements of the peer's that were taken. Each has its own wait, which must not become one without end. */
  #replacements = 0;
  /** Aborted when another transport is agreed on. */
  #replaced = new AbortController();

  /**
   * `first`: the peer's offer; without one the first transport is ours to offer. Throws `StanzaError`, or RangeError.
   */
  constructor(options: ContentChannelOptions, first?: Described) {
    this.#options = options;
    this.#attempts = new Attempts(options);
    const [best] = options.transports;
    const attempt = first ? this.#attempts.answer(first) : best && this.#attempts.offer(best);
    if (!attempt) throw new RangeError('no transport for it');
    this.#attempt = attempt;
  }

  /** Names the channel to come. */
  get sid(): string {
    return this.#attempt.negotiation.sid;
  }

  /** What the peer is to hear of the transport that is agreed on. */
  async describe(): Promise<Described> {
    for (;;) {
      const attempt = this.#attempt;
      const element = await attempt.negotiation.describe();
      if (attempt === this.#attempt) return this.#attempts.describe(attempt.transport, element);
    }
  }

  /** Takes the answer to our offer. Throws `StanzaError`. */
  agreed(described: Described): void {
    const { transport, negotiation } = this.#attempt;
    const element = this.#attempts.read(transport, described);
    if (!element) throw badRequest('the transport is not sealed');
    negotiation.agreed(element);
  }

  /** Takes a `transport-info`. Throws `StanzaError`. */
  takeInfo(element: Element): void {
    const { transport, negotiation } = this.#attempt;
    if (element.getNS() !== transport.xmlns || !negotiation.informed) throw unsupportedInfo();
    negotiation.informed(element);
  }

  /** Takes a `transport-replace`: returns what accepts it, or nothing where it is refused. Throws `StanzaError`. */
  takeReplacement(element: Element): (() => Promise<void>) | undefined {
    const mayCome = !this.#isReached && this.#replacements < this.#options.transports.length;
    const attempt = mayCome ? this.#attempts.answer({ outside: element }) : undefined;
    if (!attempt) return undefined;
    const { negotiation, transport } = attempt;
    if (!this.#options.mayReplace(negotiation, transport === this.#attempt.transport)) {
      attempt.over.abort(new Error('the transport was refused'));
      return undefined;
    }
    this.#replacements += 1;
    let tell: () => void = () => undefined;
    attempt.ready = new Promise((resolve) => {
      tell = resolve;
    });
    this.#follow(attempt);
    return () => this.#accept(negotiation).finally(tell);
  }

  /** Opens the channel, as the party that sends the file. Rejects with the signal's reason, or why there is none. */
  open(signal: AbortSignal): Promise<Channel> {
    return this.#reach(signal, async ({ negotiation, ready }, until) => {
      await ready;
      return negotiation.open(until);
    });
  }

  /** Resolves to the channel that the peer opens. Rejects as `open` does. */
  expect(signal: AbortSignal): Promise<Channel> {
    return this.#reach(signal, ({ negotiation }, until) => negotiation.expect(until));
  }

  async #accept(negotiation: Negotiation): Promise<void> {
    await this.#options.jingleSession.send('transport-accept', await negotiation.describe());
  }

  async #reach(
    signal: AbortSignal,
    reach: (attempt: Attempt, until: AbortSignal) => Promise<Channel>,
  ): Promise<Channel> {
    for (;;) {
      const attempt = this.#attempt;
      let channel: Channel;
      try {
        channel = await reach(attempt, AbortSignal.any([signal, attempt.over.signal]));
      } catch (error) {
        signal.throwIfAborted();
        if (attempt === this.#attempt && !(await this.#fallBack(attempt, signal))) throw error;
        continue;
      }
      if (attempt === this.#attempt) return this.#secure(channel);
      channel.abandon(); // another transport was agreed on at the same moment
    }
  }

  /** What cannot be secured is broken off: it is no fault of the transport, and no other one is tried. */
  #secure(channel: Channel): Channel {
    this.#isReached = true;
    try {
      return this.#options.security.wrap(channel);
    } catch (error) {
      channel.destroy(error as Error);
      throw error;
    }
  }

  /** Resolves to whether another transport was agreed on instead. */
  async #fallBack(failed: Attempt, signal: AbortSignal): Promise<boolean> {
    this.#attempts.failed(failed);
    if (this.#attempts.replacements.length === 0) return false;
    const isOurs = this.#options.jingleSession.role === 'initiator';
    await (isOurs ? this.#propose(failed, signal) : this.#awaitProposal(signal));
    signal.throwIfAborted();
    return this.#attempt !== failed;
  }

  /** Proposes what is left, one after the other, until something is agreed on. */
  async #propose(failed: Attempt, signal: AbortSignal): Promise<void> {
    for (const transport of this.#attempts.replacements) {
      const attempt = this.#attempts.offer(transport);
      const { negotiation, over } = attempt;
      const agree = (answer: Element) => {
        negotiation.agreed(answer);
        this.#follow(attempt);
      };
      const element = await negotiation.describe();
      await within(this.#options.clock, REPLACE_MS, signal, (until) =>
        this.#options.jingleSession.replaceTransport(element, agree, until),
      );
      if (this.#attempt !== attempt) over.abort(new Error('the transport was refused'));
      if (this.#attempt !== failed) return;
    }
  }

  async #awaitProposal(signal: AbortSignal): Promise<void> {
    const until = AbortSignal.any([signal, this.#replaced.signal]);
    // It is cut short by what was waited for, or by the signal, which the caller looks at.
    await this.#options.clock.sleep(REPLACE_MS, until).catch(() => undefined);
  }

  #follow(attempt: Attempt): void {
    this.#attempt.over.abort(new Error('another transport was agreed on'));
    this.#attempt = attempt;
    this.#replaced.abort();
    this.#replaced = new AbortController();
  }
}
