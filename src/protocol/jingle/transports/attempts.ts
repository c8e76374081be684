import type { Element } from '../../../session/xml.js';
import type { Security } from '../security/security.js';
import type { JingleSession } from '../session/jingle-session.js';
import type { TransportSettings } from './settings.js';
import type { Described, Negotiation, Negotiators, Transport } from './transport.js';

/** A transport that is tried. */
export interface Attempt {
  readonly transport: Transport;
  readonly negotiation: Negotiation;
  /** To be aborted when another transport was agreed on, or this one was refused. */
  readonly over: AbortController;
  /** Resolves when the peer has heard of everything that it must hear before the channel is opened. */
  ready: Promise<void>;
}

export interface AttemptsOptions {
  jingleSession: JingleSession;
  /** Best first. */
  transports: readonly Transport[];
  /** There where we send: what is set for this offer. */
  settings?: TransportSettings;
  security: Security;
}

/** Begins negotiations in a Jingle session, and knows which transports have failed in it. */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #failed = new Set<Transport>();

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** The transports that have not failed, best first. */
  get left(): Transport[] {
    return this.#options.transports.filter((one) => !this.#failed.has(one));
  }

  /** The ones of them that can still be proposed: what a proposal says is not sealed. */
  get replacements(): Transport[] {
    return this.left.filter((one) => !this.#hiding(one));
  }

  failed({ transport }: Attempt): void {
    this.#failed.add(transport);
  }

  /** Begins with a transport of ours. */
  offer(transport: Transport): Attempt {
    const { settings = {} } = this.#options;
    return this.#begin(transport, (negotiators) => transport.offer(negotiators, settings));
  }

  /** Begins with what the peer offers; nothing where that is not known, or has failed before. Throws `StanzaError`. */
  answer(described: Described): Attempt | undefined {
    const { settings } = this.#options;
    const transport = this.left.find(({ xmlns }) => xmlns === described.outside.getNS());
    const element = transport && this.read(transport, described);
    return (
      element &&
      this.#begin(transport, (negotiators) => transport.answer(negotiators, element, settings))
    );
  }

  /** An element of ours, as it travels. */
  describe(transport: Transport, element: Element): Described {
    const outside = this.#hiding(transport)?.(element);
    return outside ? { outside, inside: element } : { outside: element };
  }

  /** An element of the peer's: what is to be hidden counts only where it was. */
  read(transport: Transport, { outside, inside }: Described): Element | undefined {
    return this.#hiding(transport) ? inside : outside;
  }

  #hiding({ outside }: Transport): Transport['outside'] {
    return this.#options.security.isSealed ? outside : undefined;
  }

  #begin(transport: Transport, negotiate: (negotiators: Negotiators) => Negotiation): Attempt {
    const { jingleSession, security } = this.#options;
    const over = new AbortController();
    const negotiation = negotiate({
      peer: jingleSession.peer,
      isSealed: security.isSealed,
      over: AbortSignal.any([jingleSession.ended, over.signal]),
      inform: (element) => jingleSession.send('transport-info', element),
    });
    return { transport, negotiation, over, ready: Promise.resolve() };
  }
}
