import type { Channel } from '../../../../src/protocol/channel.js';
import type { JingleHandlers } from '../../../../src/protocol/jingle/session/actions.js';
import { JingleSession } from '../../../../src/protocol/jingle/session/jingle-session.js';
import { NS_JINGLE, type Role } from '../../../../src/protocol/jingle/stanzas.js';
import {
  ContentChannel,
  type ContentChannelOptions,
} from '../../../../src/protocol/jingle/transports/content-channel.js';
import type { TransportSettings } from '../../../../src/protocol/jingle/transports/settings.js';
import type {
  Negotiation,
  Negotiators,
  Transport,
} from '../../../../src/protocol/jingle/transports/transport.js';
import { type Element, xml } from '../../../../src/session/xml.js';
import { JULIET, linkedSessions } from '../../../support/linked-sessions.js';
import { ManualClock } from '../../../support/manual-clock.js';

/** A channel is opened, is expected, or fails when the test says so; or when the signal says that nobody waits. */
export class ScriptedNegotiation implements Negotiation {
  readonly standsAlone = false;
  readonly heard: Element[] = [];
  readonly answers: Element[] = [];
  /** Whether it is being reached, and how. */
  reached: 'open' | 'expect' | undefined;
  describe = async (): Promise<Element> => this.element;
  informed: ((element: Element) => void) | undefined = (element) => void this.heard.push(element);
  succeed: (channel: Channel) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  constructor(
    readonly xmlns: string,
    readonly sid: string,
    readonly negotiators: Negotiators,
    readonly settings: TransportSettings | undefined,
  ) {}

  get element(): Element {
    return xml('transport', { xmlns: this.xmlns, sid: this.sid });
  }

  agreed(element: Element): void {
    this.answers.push(element);
  }

  open(signal: AbortSignal): Promise<Channel> {
    return this.#reach('open', signal);
  }

  expect(signal: AbortSignal): Promise<Channel> {
    return this.#reach('expect', signal);
  }

  #reach(how: 'open' | 'expect', signal: AbortSignal): Promise<Channel> {
    this.reached = how;
    return new Promise((resolve, reject) => {
      this.succeed = resolve;
      this.fail = reject;
      signal.addEventListener('abort', () => reject(signal.reason));
      if (signal.aborted) reject(signal.reason);
    });
  }
}

export interface ScriptedTransport extends Transport {
  /** What has been begun by it. */
  readonly begun: ScriptedNegotiation[];
}

export function scriptedTransport(name: string): ScriptedTransport {
  const xmlns = `urn:example:${name}`;
  const begun: ScriptedNegotiation[] = [];
  const begin = (sid: string, negotiators: Negotiators, settings?: TransportSettings) => {
    const negotiation = new ScriptedNegotiation(xmlns, sid, negotiators, settings);
    begun.push(negotiation);
    return negotiation;
  };
  return {
    ...{ xmlns, features: [xmlns], begun },
    offer: (negotiators, settings) => begin(`${name}${begun.length + 1}`, negotiators, settings),
    answer: (negotiators, element, settings) =>
      begin(element.attrs.sid ?? '', negotiators, settings),
  };
}

/** The element of a transport that the peer proposes. */
export const proposed = (name: string, sid: string): Element =>
  xml('transport', { xmlns: `urn:example:${name}`, sid });

interface ContentOptions extends Partial<Pick<ContentChannelOptions, 'security' | 'mayReplace'>> {
  role?: Role;
  transports: ScriptedTransport[];
  settings?: TransportSettings;
  /** The peer's offer. */
  first?: Element;
}

/** The content of a Jingle session with Juliet, who notes what she is told and acknowledges it when she may. */
export function contentOf({ role = 'initiator', transports, first, ...options }: ContentOptions) {
  const [romeo, juliet] = linkedSessions();
  const told: string[] = [];
  const peer = { acknowledges: Promise.resolve() };
  juliet.handle('set', NS_JINGLE, 'jingle', async (element) => {
    const transport = element.getChild('content')?.getChild('transport');
    const subject = transport?.attrs.sid ?? element.getChild('reason')?.getChildElements()[0]?.name;
    told.push(`${element.attrs.action} ${subject}`);
    await peer.acknowledges;
    return undefined;
  });
  const about = {
    ...({ creator: 'initiator', name: 'file', senders: 'initiator' } as const),
    ...{ description: undefined, transport: undefined, security: undefined },
  };
  const session = new JingleSession(romeo, JULIET, 'j1', role, about);
  const clock = new ManualClock();
  const channel = new ContentChannel(
    {
      ...{ jingleSession: session, clock, transports },
      security: { isSealed: false, wrap: (one) => one },
      mayReplace: () => true,
      ...options,
    },
    first && { outside: first },
  );
  const handlers: JingleHandlers = { replaced: (element) => channel.takeReplacement(element) };
  session.handlers = handlers;
  return { channel, session, clock, told, peer };
}
