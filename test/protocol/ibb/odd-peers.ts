import { afterEach } from '@jest/globals';
import { answerDiscovery, NS_DISCO_INFO } from '../../../src/protocol/disco.js';
import type { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import type { ServiceSettings } from '../../../src/protocol/ibb/settings.js';
import { type Data, NS_IBB, readData } from '../../../src/protocol/ibb/stanzas.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost, type StanzaSession } from '../../../src/session/stanza-session.js';
import type { Element } from '../../../src/session/xml.js';
import { JULIET, linkedSessions } from '../../support/linked-sessions.js';
import { ManualClock } from '../../support/manual-clock.js';

const sessions: StanzaSession[] = [];

// Whatever a test left open would wait for its answers, and the process with it.
afterEach(() => {
  for (const session of sessions.splice(0)) session.end(new ConnectionLost('the test is over'));
});

export interface OddPeer {
  clock: ManualClock;
  /** What came in messages: the bytes, and the numbers of the blocks. */
  inMessages: Buffer[];
  seqs: number[];
  /** Opens a bytestream of ours to it. */
  open(settings: Partial<ServiceSettings>): Promise<Bytestream>;
}

/** A peer that opens bytestreams and takes blocks in messages; `isHeard` says which of our iqs reach it. */
function takingMessages(isHeard: (iq: Element) => boolean = () => true) {
  const both = linkedSessions((stanza, deliver) => {
    const isQuestion = stanza.attrs.to === JULIET && /^(get|set)$/.test(stanza.attrs.type ?? '');
    if (!isQuestion || isHeard(stanza)) deliver(stanza);
  });
  sessions.push(...both);
  const [romeo, juliet] = both;
  const clock = new ManualClock();
  const inMessages: Buffer[] = [];
  const seqs: number[] = [];
  juliet.handle('set', NS_IBB, 'open', () => undefined);
  juliet.handle('set', NS_IBB, 'close', () => undefined);
  juliet.onMessage((message) => {
    const data = message.getChild('data', NS_IBB);
    if (!data) return;
    const { seq, bytes = Buffer.alloc(0) } = readData(data);
    seqs.push(seq);
    inMessages.push(bytes);
  });
  const identity = { category: 'client', type: 'pc', name: 'odd' };
  answerDiscovery(juliet, { identity, features: [NS_DISCO_INFO, NS_IBB] });
  const open = (settings: Partial<ServiceSettings>) =>
    new InBandBytestreams(romeo, settings, undefined, clock).open(JULIET);
  return { juliet, clock, inMessages, seqs, open };
}

/** The library of Coccinella 0.96.20: blocks in iqs are `feature-not-implemented`; but for those that `takes` says, or so many. */
export function coccinella(takes: number | ((data: Data) => boolean) = 0): OddPeer {
  const { juliet, ...peer } = takingMessages();
  let taken = 0;
  juliet.handle('set', NS_IBB, 'data', (element) => {
    const isTaken = typeof takes === 'number' ? taken < takes : takes(readData(element));
    if (!isTaken) throw new StanzaError('cancel', 'feature-not-implemented');
    taken += 1;
    return undefined;
  });
  return peer;
}

/** xmpp4r 0.5.6: answers the open, and of what else is asked by iq only this, and so many blocks. */
export function xmpp4r(answers: ('disco' | 'close')[], blocks = 0): OddPeer {
  let left = blocks;
  const { juliet, ...peer } = takingMessages((iq) => {
    const [payload] = iq.getChildElements();
    if (payload?.is('open', NS_IBB)) return true;
    if (payload?.is('query', NS_DISCO_INFO)) return answers.includes('disco');
    if (payload?.is('close', NS_IBB)) return answers.includes('close');
    if (!payload?.is('data', NS_IBB) || left === 0) return false;
    left -= 1;
    return true;
  });
  juliet.handle('set', NS_IBB, 'data', () => undefined);
  return peer;
}
