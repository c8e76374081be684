import { afterEach } from '@jest/globals';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost, type StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import {
  type Intercept,
  JULIET,
  linkedSessions,
  parse,
  ROMEO,
} from '../../support/linked-sessions.js';
import type { TestProxy } from './proxy.js';

/** Answers a stanza to a service: the payload, `StanzaError` thrown, or never. */
export type Service = (stanza: Element) => Promise<Element | undefined>;

/** The items of each server, beside the proxies there. */
const items = (jids: readonly string[]): Element =>
  xml(
    'query',
    { xmlns: 'http://jabber.org/protocol/disco#items' },
    ...jids.map((jid) => xml('item', { jid })),
  );

interface AnsweringOptions {
  /** By JID; those of a server are its items. */
  services: ReadonlyMap<string, Service>;
  /** Who is to hear the answer. */
  sessionOf(jid: string | undefined): StanzaSession | undefined;
  /** Sees what passes between the two, and may keep it. */
  intercept?: Intercept | undefined;
  /** Every question. */
  asked?: Element[];
}

/** Answers what is sent to servers, and to what is there. */
export const answering =
  ({ services, sessionOf, intercept, asked }: AnsweringOptions): Intercept =>
  (stanza, deliver) => {
    const { to = '', from, type, id } = stanza.attrs;
    if (to === ROMEO || to === JULIET) return (intercept ?? passOn)(stanza, deliver);
    if (type !== 'get' && type !== 'set') return;
    asked?.push(stanza);
    const reply = (of: 'result' | 'error', payload?: Element) => {
      const answer = xml('iq', { type: of, id, from: to, to: from }, payload);
      sessionOf(from)?.receive(parse(answer.toString()));
    };
    serve(stanza, services).then(
      (payload) => reply('result', payload),
      (error) => reply('error', (error as StanzaError).toElement()),
    );
  };

/** Romeo and Juliet, and the servers of either with what is there. */
export function sessionsWithServices(options: Omit<AnsweringOptions, 'sessionOf'>) {
  const sessionOf = (jid: string | undefined) => sessions[jid === ROMEO ? 0 : 1];
  const sessions: StanzaSession[] = linkedSessions(answering({ ...options, sessionOf }));
  open.push(...sessions);
  return sessions as [StanzaSession, StanzaSession];
}

const open: StanzaSession[] = [];

// Questions that nobody answers would keep the process.
afterEach(() => {
  for (const session of open.splice(0)) session.end(new ConnectionLost('the test is over'));
});

const passOn: Intercept = (stanza, deliver) => deliver(stanza);

async function serve(stanza: Element, services: ReadonlyMap<string, Service>) {
  const { to = '' } = stanza.attrs;
  const service = services.get(to);
  if (service) return service(stanza);
  const below = [...services.keys()].filter((jid) => jid.endsWith(`.${to}`));
  if (!stanza.getChild('query', 'http://jabber.org/protocol/disco#items')) {
    throw new StanzaError('cancel', 'service-unavailable');
  }
  return items(below);
}

export const servicesOf = (...proxies: TestProxy[]): Map<string, Service> =>
  new Map(proxies.map((proxy) => [proxy.jid, (stanza) => proxy.asked(stanza)]));
