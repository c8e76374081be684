import { expect, test } from '@jest/globals';
import type { Element } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { sendAll } from '../../../src/transfer/sending/send-all.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import { pattern } from '../../protocol/ibb/bytestreams.js';
import { Wire } from '../../protocol/ibb/wire.js';
import { JULIET } from '../../support/linked-sessions.js';
import { sendingBy } from '../../support/sealing.js';
import { linkedToInbox, smallFile } from './linked-inboxes.js';

/** Sends files to an inbox with one place: how many round trips each of them took, and what was said. */
async function sentOneByOne(files: Buffer[]) {
  const wire = new Wire();
  const record = wire.record(() => undefined);
  const ends = new AbortController();
  const onStanza = (stanza: Element) => record(stanza, () => undefined);
  const { romeo, inbox, halfTrip } = await linkedToInbox({ places: 1, onStanza }, ends.signal);
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
    sealing: sendingBy(),
    explain: ({ message }) => ({ text: message, exitCode: 1, isOurs: false }),
  }).finally(() => {
    isOver = true;
  });
  for (; !isOver; halfTrips += 1) await halfTrip();
  await sent;
  ends.abort();
  return { roundTrips, arrived: inbox.files, wire };
}

const ONE_FILE = [
  'romeo: session-initiate',
  'juliet: session-initiate taken',
  'juliet: session-accept',
  'romeo: session-accept taken',
  'romeo: open 48000',
  'juliet: open 48000 taken',
  'romeo: data 0',
  'juliet: data 0 taken',
  'juliet: session-info received',
  'romeo: close',
  'romeo: session-info received taken',
  'romeo: session-terminate success',
];

test('a small file takes three round trips from its offer to its verdict (R220)', async () => {
  const files = [4000, 5, 0, 4096, 10].map(pattern);
  const { roundTrips, arrived, wire } = await sentOneByOne(files);
  expect(files.map((_, index) => arrived.get(`${index}.txt`))).toEqual(files);
  // The second is offered beside the first, where there is no place, and waits until it may come again.
  expect(roundTrips.slice(-2)).toEqual([3, 3]);
  const last = wire.lines.lastIndexOf('romeo: session-initiate');
  // What ends the file before is answered while the next one is offered already.
  expect(wire.lines.slice(last - 2)).toEqual([
    ...ONE_FILE.slice(-2),
    'romeo: session-initiate',
    'juliet: close taken',
    'juliet: session-terminate success taken',
    ...ONE_FILE.slice(1),
  ]);
});
