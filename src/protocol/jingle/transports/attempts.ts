import type { Element } from '../../../session/xml.js';
import type { JingleSession } from '../session/jingle-session.js';
import type { TransportSettings } from './settings.js';
import type { Negotiation, Negotiators, Transport } from './transport.js';

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

  failed({ transport }: Attempt): void {
    this.#failed.add(transport);
  }

  /** Begins with a transport of ours. */
  offer(transport: Transport): Attempt {
    const { settings = {} } = this.#options;
    return this.#begin(transport, (negotiators) => transport.offer(negotiators, settings));
  }

  /** Begins with what the peer offers; nothing where that is not known, or has failed before. Throws `StanzaError`. */
  answer(element: Element): Attempt | undefined {
    const { settings } = this.#options;
    const transport = this.left.find(({ xmlns }) => xmlns === element.getNS());
    return (
      transport &&
      this.#begin(transport, (negotiators) => transport.answer(negotiators, element, settings))
    );
  }

  #begin(transport: Transport, negotiate: (negotiators: Negotiators) => Negotiation): Attempt {
    const { jingleSession } = this.#options;
    const over = new AbortController();
    const negotiation = negotiate({
      peer: jingleSession.peer,
      over: AbortSignal.any([jingleSession.ended, over.signal]),
      inform: (element) => jingleSession.send('transport-info', element),
    });
    return { transport, negotiation, over, ready: Promise.resolve() };
  }
}
