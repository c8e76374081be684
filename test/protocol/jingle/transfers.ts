import type { FileOffer } from '../../../src/protocol/file-offer.js';
import type { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { close, NS_IBB } from '../../../src/protocol/ibb/stanzas.js';
import type { IncomingJingleFile } from '../../../src/protocol/jingle/incoming-jingle-file.js';
import { JingleFileTransfers } from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { jingle, NS_JINGLE } from '../../../src/protocol/jingle/stanzas.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
import type { Transport } from '../../../src/protocol/jingle/transports/transport.js';
import type { Clock } from '../../../src/session/clock.js';
import type { Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import type { Element } from '../../../src/session/xml.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { type PairOptions, pairOfServices } from '../ibb/bytestreams.js';

export interface TransfersOptions extends PairOptions {
  /** Of Romeo, and of Juliet, best first. Default: in-band bytestreams alone. */
  transports?: [his: MakeTransports, hers: MakeTransports];
}

type MakeTransports = (
  bytestreams: InBandBytestreams,
  session: Session,
  clock: Clock,
) => Transport[];

/** Romeo and Juliet, both of whom can offer and take files; blocks are of 4 bytes. */
export function pairOfTransfers({ intercept, transports, ...settings }: TransfersOptions = {}) {
  const sids = { jingle: new Set<string>(), bytestream: new Set<string>() };
  const pair = pairOfServices({
    ...{ blockSize: 4, window: 3, ...settings },
    intercept: (stanza, deliver) => {
      noteSids(stanza, sids);
      if (intercept) intercept(stanza, deliver);
      else deliver(stanza);
    },
  });
  const [romeoSession, julietSession] = pair.sessions;
  const inBand: MakeTransports = (bytestreams) => [ibbTransport(bytestreams)];
  const [his, hers] = transports ?? [inBand, inBand];
  return {
    ...{ wire: pair.wire, clock: pair.clock, sessions: pair.sessions, sids },
    romeo: new JingleFileTransfers(
      romeoSession,
      his(pair.romeo, romeoSession, pair.clock),
      pair.clock,
    ),
    juliet: new JingleFileTransfers(
      julietSession,
      hers(pair.juliet, julietSession, pair.clock),
      pair.clock,
    ),
    services: { romeo: pair.romeo, juliet: pair.juliet },
  };
}

export type Pair = ReturnType<typeof pairOfTransfers>;

function noteSids(stanza: Element, sids: Record<'jingle' | 'bytestream', Set<string>>): void {
  const [payload] = stanza.getChildElements();
  const { sid = '' } = payload?.attrs ?? {};
  if (payload?.is('jingle', NS_JINGLE)) sids.jingle.add(sid);
  if (payload?.is('open', NS_IBB)) sids.bytestream.add(sid);
}

/** Resolves to the next file that is offered to these. */
export function offeredTo(transfers: JingleFileTransfers): Promise<IncomingJingleFile> {
  return new Promise((resolve) => {
    transfers.onOffer = resolve;
  });
}

/** Romeo has offered a file to Juliet, who has not answered yet. */
export async function offered(
  pair: Pair,
  file: FileOffer = { name: 'letter.txt', size: 6 },
  options: { signal?: AbortSignal; timeout?: number; sid?: string } = {},
) {
  const incoming = offeredTo(pair.juliet);
  const outgoing = pair.romeo.offer(JULIET, file, options);
  outgoing.catch(() => undefined); // each test says what becomes of it
  return { outgoing, incoming: await incoming };
}

/** Romeo has opened the bytestream that Juliet has accepted. */
export async function accepted(pair: Pair, ...more: [FileOffer?, { signal?: AbortSignal }?]) {
  const { outgoing, incoming } = await offered(pair, ...more);
  const hers = await incoming.accept();
  return { outgoing: await outgoing, incoming, hers };
}

/** What is left of the transfers: nothing is known of any session or bytestream, and nobody waits. */
export async function leftOf({ sessions: [romeo, juliet], sids, clock }: Pair): Promise<string[]> {
  const questions = [
    ...[...sids.jingle].map((sid) => jingle('session-info', sid, {})),
    ...[...sids.bytestream].map((sid) => close(sid)),
  ];
  const left: string[] = [];
  for (const [asker, asked] of [
    [romeo, JULIET],
    [juliet, ROMEO],
  ] as const) {
    for (const question of questions) {
      const answer = await asker.request('set', asked, question).catch((error) => error);
      const isGone = answer instanceof StanzaError && answer.condition === 'item-not-found';
      if (!isGone) left.push(`${question.name} of ${asked}`);
    }
  }
  await settled();
  return [...left, ...(clock.sleepers > 0 ? [`${clock.sleepers} who wait`] : [])];
}
