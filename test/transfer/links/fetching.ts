import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach } from '@jest/globals';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { linkMessage } from '../../../src/protocol/messages/link.js';
import type { Resolve } from '../../../src/protocol/network/checked-lookup.js';
import type { Endpoint } from '../../../src/protocol/network/network.js';
import type { NetworkProxy } from '../../../src/session/dial/proxy.js';
import { bareJid } from '../../../src/session/jid.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import type { Event } from '../../../src/transfer/events.js';
import { ReceivedLinks } from '../../../src/transfer/links/received-links.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { type ReceivingSealing, receiveOn } from '../../../src/transfer/receiving/daemon.js';
import { type HttpsServer, startHttpsServer } from '../../protocol/network/https-server.js';
import { JULIET, linkedSessions, parse, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { workFor } from '../../support/programs/work.js';
import { receivingBy, relationOf, standingOf } from '../../support/sealing.js';

const servers: HttpsServer[] = [];

/** End the sessions that are open. */
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
  for (const server of servers.splice(0)) await server.stop();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Situation {
  /** Default: the server of the test. */
  own?: Endpoint[];
  resolve?: Resolve;
  /** Bytes of the largest file. */
  most?: number;
  sealing?: Partial<ReceivingSealing>;
  /** By which all connections go. */
  proxy?: NetworkProxy;
  /** Whose links are fetched, by account; default: Romeo's. */
  from?: string[];
}

/** There is no archive. */
const NO_MARKS = { read: async () => undefined, write: async () => undefined };

/** Juliet fetches what Romeo leaves on a server that answers as the test says. */
export async function fetching(answer: Answer, situation: Situation = {}) {
  const requests: IncomingMessage[] = [];
  const server = await startHttpsServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  servers.push(server);
  const { own = [{ host: 'localhost', port: server.port }], resolve, most = 1_000_000 } = situation;
  const { from = [bareJid(ROMEO)] } = situation;
  const inbox = new MemoryInbox();
  const events: Event[] = [];
  const clock = new ManualClock();
  const quotas = new Quotas(4);
  const report = (event: Event) => void events.push(event);
  const links = new ReceivedLinks(
    {
      from,
      own,
      most,
      marks: NO_MARKS,
      trust: async () => ({ ca: server.ca, proxy: situation.proxy }),
      ...(resolve ? { resolve } : {}),
    },
    {
      ...{ quotas, report },
      isKnown: (account, linkId) => inbox.ledger.hasLink(account, linkId),
    },
    clock,
  );
  const online = () => {
    const [romeo, juliet] = linkedSessions();
    const returned: string[] = [];
    romeo.onMessage((message) => void returned.push(message.toString()));
    const mayLink = (peer: string) => from.includes(bareJid(peer));
    const serving = { session: juliet, admit: () => true, knows: () => false, quotas, mayLink };
    const more = { linkers: () => from, standingOf, relationOf };
    const over = receiveOn({ ...serving, ...more }, new Map(), {
      ...{ inbox, registry: new HandlerRegistry(), once: false, links, report },
      ...{ signal: new AbortController().signal, now: () => new Date(0), exitCodeOf: () => 1 },
      ...{ work: workFor(inbox), sealing: receivingBy(situation.sealing ?? {}) },
    }).catch((error: Error) => error);
    const hears = (text: string) => juliet.receive(parse(text));
    const cut = async () => {
      juliet.end(new ConnectionLost('cut'));
      await over;
    };
    ends.push(cut);
    return { hears, returned, cut };
  };
  /** Resolves when so many events of these kinds were told. */
  const told = async (count: number, ...kinds: Event['event'][]) => {
    const found = () => events.filter(({ event }) => kinds.includes(event));
    while (found().length < count) await new Promise(setImmediate);
    await settled();
    return found();
  };
  return { ...{ server, requests, inbox, events, clock, online, told } };
}

export const CARBON_OF = bareJid(JULIET);

/** Another resource of Juliet's gets this message. */
export const carbonOf = (message: string, by = CARBON_OF, kind = 'received') =>
  `<message from='${by}' to='${JULIET}'><${kind} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>${message}</forwarded></${kind}></message>`;

/** A message of Romeo's with a link and nothing else. */
export const plainLink = (url: string, from = ROMEO, to = bareJid(JULIET)) =>
  `<message xmlns='jabber:client' type='chat' from='${from}' to='${to}'><body>${url}</body><x xmlns='jabber:x:oob'><url>${url}</url></x></message>`;

/** One that tells all of these bytes; `sha256` and `size`: what it says of them. */
export function fullLink(
  url: string,
  bytes: Buffer,
  lies: { sha256?: Buffer; size?: number } = {},
) {
  const sha256 = createHash('sha256').update(bytes).digest();
  const file = { url, name: 'photo.jpg', size: bytes.length, sha256, ...lies };
  const message = linkMessage(bareJid(JULIET), 'a1', file);
  message.attrs.from = ROMEO;
  message.attrs.xmlns = 'jabber:client';
  return message.toString();
}
