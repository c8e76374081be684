import { setTimeout as sleep } from 'node:timers/promises';
import * as ibb from '../../src/protocol/ibb/stanzas.js';
import { description } from '../../src/protocol/jingle/file-description.js';
import * as jingle from '../../src/protocol/jingle/stanzas.js';
import { transport } from '../../src/protocol/jingle/transports/ibb-stanzas.js';
import { NS_SI } from '../../src/protocol/si/stanzas.js';
import { type Element, xml } from '../../src/session/xml.js';
import { MAX_SESSIONS } from './daemon.js';
import type { FuzzServer } from './server.js';

/** Longer than any pause that the daemon makes of its own (a hash that may follow: 10 s). */
const PATIENCE_MS = 20_000;
/** Longer than it waits for senders that have nothing left to say (3 s), and than those it turned away come first (10 s). */
const PAUSE_MS = 11_000;

const set = (payload: Element) => xml('iq', { type: 'set' }, payload);
export const open = (sid: string): Element => set(ibb.open({ sid, blockSize: 64, stanza: 'iq' }));
const close = (sid: string) => set(ibb.close(sid));
export const terminate = (sid: string, condition = 'cancel'): Element =>
  set(jingle.jingle('session-terminate', sid, {}, jingle.reason({ condition })));

/** Ends whatever was begun, as the peers who began it would. */
export async function endAll(server: FuzzServer): Promise<void> {
  // The last one may not have heard yet that it may.
  await server.settle();
  for (const { from, payload } of server.granted(jingle.NS_JINGLE, 'jingle')) {
    server.send(terminate(payload.attrs.sid ?? ''), from);
  }
  await server.settle();
  for (const { from, payload } of server.granted(NS_SI, 'si')) {
    server.send(open(payload.attrs.id ?? ''), from);
  }
  await server.settle();
  for (const { from, payload } of server.granted(ibb.NS_IBB, 'open')) {
    server.send(close(payload.attrs.sid ?? ''), from);
  }
  await server.settle();
  await server.daemon.inbox.empty(AbortSignal.timeout(PATIENCE_MS)).catch(() => {
    const left = [...server.daemon.inbox.open.values()];
    throw new Error(`${PATIENCE_MS} ms later there are partials left: ${JSON.stringify(left)}`);
  });
  await server.settle();
}

/**
 * What was begun and has ended has left its place to others, however it was offered: some seconds later, where the daemon
 * waits for a sender's farewell.
 */
export async function checkPlaces(server: FuzzServer, round: number): Promise<void> {
  server.refusals = 0;
  for (const late = Date.now() + 2 * PATIENCE_MS; ; await sleep(PAUSE_MS)) {
    const taken = await takeAll(server, `check${round}.${Date.now()}`);
    if (taken === MAX_SESSIONS) break;
    if (Date.now() > late) throw new Error(`${taken} of ${MAX_SESSIONS} places are free`);
  }
  server.refusals = 0.15;
}

/** Takes every place, and gives it back; returns how many there were. */
async function takeAll(server: FuzzServer, name: string): Promise<number> {
  const places = Array.from({ length: MAX_SESSIONS }, (_, index) => ({
    sid: `${name}.${index}`,
    // One account gets half of them, the next half of the rest, and so on.
    from: `${name}.${Math.floor(Math.log2(MAX_SESSIONS / (MAX_SESSIONS - index)))}@friends.example/x`,
  }));
  for (const { sid, from } of places) await expectResult(server, offer(sid), from);
  const taken = server.daemon.inbox.open.size;
  for (const { sid, from } of places) await server.ask(terminate(sid), from);
  if (taken < MAX_SESSIONS) return taken;
  const opened: typeof places = [];
  for (const place of places) {
    const { attrs } = await server.ask(open(place.sid), place.from);
    if (attrs.type === 'result') opened.push(place);
  }
  for (const { sid, from } of opened) await expectResult(server, close(sid), from);
  return opened.length;
}

async function expectResult(server: FuzzServer, stanza: Element, from: string): Promise<void> {
  const answer = await server.ask(stanza, from);
  if (answer.attrs.type !== 'result') throw new Error(`${stanza} was answered with ${answer}`);
}

/** The bytestream that a session is offered with. */
export const streamOf = (sid: string): string => `${sid}.ibb`;

export function offer(sid: string): Element {
  const content = { creator: 'initiator', name: 'file', senders: 'initiator' } as const;
  const stream = { sid: streamOf(sid), blockSize: 64, stanza: 'iq' } as const;
  const file = description({ name: 'check', size: 10 });
  return set(
    jingle.jingle('session-initiate', sid, {}, jingle.content(content, file, transport(stream))),
  );
}
