import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { Element } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { sendAll } from '../../../src/transfer/sending/send-all.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import { Wire } from '../../protocol/ibb/wire.js';
import { JULIET } from '../../support/linked-sessions.js';
import { keyOfNumber, memoryTrust, receivingBy, sendingBy } from '../../support/sealing.js';
import { linkedToInbox, smallFile } from './linked-inboxes.js';

const CLEAR = { his: sendingBy(), hers: receivingBy() };

const sealed = () => ({
  his: sendingBy({ encrypt: 'auto', own: async () => keyOfNumber(1), trusted: memoryTrust() }),
  hers: receivingBy({ encrypt: 'auto', own: keyOfNumber(2), trusted: memoryTrust() }),
});

/** Sends files to an inbox with one place: how many round trips each of them took, and what was said. */
async function sentOneByOne(files: Buffer[], { his, hers }: typeof CLEAR) {
  const wire = new Wire();
  const record = wire.record(() => undefined);
  const ends = new AbortController();
  const onStanza = (stanza: Element) => record(stanza, () => undefined);
  const { romeo, inbox, halfTrip } = await linkedToInbox(
    { places: 1, onStanza, sealing: hers },
    ends.signal,
  );
  const began = new Map<string, number>();
  const roundTrips: number[] = [];
  let halfTrips = 0;
  const report = (event: Event) => {
    if (event.event === 'offer') began.set(event.name, halfTrips);
    if (event.event === 'done') roundTrips.push((halfTrips - (began.get(event.name) ?? 0)) / 2);
  };
  const sources = files.map((bytes, index) => smallFile(`${index}.txt`, bytes));
  let isOver = false;
  const sent = sendAll(sources, [JULIET], {
    ...{ via: 'auto', settings: DEFAULT_SETTINGS, acceptTimeout: 1000, retryFor: 0, again: false },
    ...{ connect: async () => romeo, report, signal: ends.signal },
    sealing: his,
    explain: ({ message }) => ({ text: message, exitCode: 1, isOurs: false }),
  }).finally(() => {
    isOver = true;
  });
  for (; !isOver; halfTrips += 1) await halfTrip();
  await sent;
  ends.abort();
  return { roundTrips, arrived: inbox.files, wire };
}

/** What is said of one file, from its offer on; `told`: how its recipient says that it is there. */
const oneFile = (told: string, question: string[] = []) => [
  'romeo: session-initiate',
  'juliet: session-initiate taken',
  'juliet: session-accept',
  'romeo: session-accept taken',
  'romeo: open 48000',
  'juliet: open 48000 taken',
  ...question.map((asked) => `romeo: ${asked}`),
  'romeo: data 0',
  ...question.map((asked) => `juliet: ${asked} taken`),
  'juliet: data 0 taken',
  `juliet: session-info ${told}`,
  'romeo: close',
  `romeo: session-info ${told} taken`,
  'romeo: session-terminate success',
];

test.each([
  ['in the clear', () => CLEAR, oneFile('received'), oneFile('received')],
  // The key for the next file is asked for meanwhile.
  ['sealed', sealed, oneFile('security', ['query']), oneFile('security')],
])(
  'a small file %s takes three round trips from its offer to its verdict (R220, R840, R843, R844)',
  async (_, by, each, last) => {
    const files = [4000, 5, 0, 4500, 4096, 10].map((size) => randomBytes(size));
    const { roundTrips, arrived, wire } = await sentOneByOne(files, by());
    expect(files.map((_, index) => arrived.get(`${index}.txt`))).toEqual(files);
    // The second is offered beside the first, where there is no place, and waits until it may come again.
    expect(roundTrips.slice(-3)).toEqual([3, 3, 3]);
    const [before, begun] = [-2, -1].map((at) => startsIn(wire.lines).at(at));
    // What ends a file is answered while the next one is offered already.
    const answers = ['juliet: close taken', 'juliet: session-terminate success taken'];
    expect(wire.lines.slice(before, begun)).toEqual([each[0], ...answers, ...each.slice(1)]);
    expect(wire.lines.slice(begun)).toEqual([last[0], ...answers, ...last.slice(1)]);
  },
);

const startsIn = (lines: string[]): number[] =>
  lines.flatMap((line, at) => (line === 'romeo: session-initiate' ? [at] : []));
