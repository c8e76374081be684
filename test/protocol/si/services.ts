import { afterEach } from '@jest/globals';
import type { FileOffer } from '../../../src/protocol/file-offer.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import type { IncomingSiFile } from '../../../src/protocol/si/incoming-si-file.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import { ConnectionLost, type StanzaSession } from '../../../src/session/stanza-session.js';
import type { Element } from '../../../src/session/xml.js';
import { type Intercept, linkedSessions } from '../../support/linked-sessions.js';

export const NS_SI = "xmlns='http://jabber.org/protocol/si'";
export const PROFILE = 'http://jabber.org/protocol/si/profile/file-transfer';
export const NS_FILE = `xmlns='${PROFILE}'`;
export const IBB = 'http://jabber.org/protocol/ibb';
export const SOCKS5 = 'http://jabber.org/protocol/bytestreams';

export const FILE: FileOffer = {
  ...{ name: 'test.txt', size: 1022 },
  hashes: new Map([['md5', Buffer.alloc(16)]]), // without it nothing but the whole is offered
};

const negotiation = (type: string, field: string) =>
  `<feature xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='${type}'>${field}</x></feature>`;

/** The choice of stream methods as XEP-0095 writes it. */
export const options = (...methods: string[]) => {
  const values = methods.map((method) => `<option><value>${method}</value></option>`);
  return negotiation(
    'form',
    `<field var='stream-method' type='list-single'>${values.join('')}</field>`,
  );
};

export const choice = (...methods: string[]) => {
  const values = methods.map((method) => `<value>${method}</value>`);
  return negotiation('submit', `<field var='stream-method'>${values.join('')}</field>`);
};

const sessions: StanzaSession[] = [];

// Whatever a test left open would wait for its answers, and the process with it.
afterEach(() => {
  for (const session of sessions.splice(0)) session.end(new ConnectionLost('the test is over'));
});

/** Romeo and Juliet with nothing but their sessions. */
export function linked(intercept?: Intercept): [StanzaSession, StanzaSession] {
  const both = linkedSessions(intercept);
  sessions.push(...both);
  return both;
}

/** The service on a session, and the offers that it was told of. */
export function serviceOn(session: StanzaSession) {
  const bytestreams = new InBandBytestreams(session);
  const service = new SiFileTransfers(session, bytestreams);
  const offers: IncomingSiFile[] = [];
  service.onOffer = (offer) => offers.push(offer);
  return { session, bytestreams, service, offers };
}

/** Romeo and Juliet, each with the service, and every stanza that went over the wire. */
export function pairOfServices(intercept: Intercept = (stanza, deliver) => deliver(stanza)) {
  const wire: Element[] = [];
  const both = linked((stanza, deliver) => {
    wire.push(stanza);
    intercept(stanza, deliver);
  });
  const [romeo, juliet] = both.map(serviceOn) as [
    ReturnType<typeof serviceOn>,
    ReturnType<typeof serviceOn>,
  ];
  return { wire, romeo, juliet };
}
