import { expect, test } from '@jest/globals';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';
import type { Event } from '../../../src/transfer/events.js';
import { RecipientUnreachable } from '../../../src/transfer/recipient-errors.js';
import { Telling } from '../../../src/transfer/sending/telling.js';
import type { Accepted } from '../../../src/transfer/ways/way.js';
import { sourceOf } from '../transfers.js';

const JULIET = 'juliet@capulet.example';

function telling(oneOfSeveral?: string) {
  const events: Event[] = [];
  const source = sourceOf(Buffer.from('letter'));
  const told = new Telling((event) => events.push(event), source, oneOfSeveral);
  const warnings = () =>
    events.flatMap((one) => (one.event === 'warning' || one.event === 'notice' ? one.text : []));
  return { told, events, warnings };
}

test('of another try only what has changed is told, and when it is (R348)', () => {
  const { told, warnings } = telling();
  const gone = new RecipientUnreachable('a long text of who was asked in vain');
  const offline = new ConnectionFailed('cannot connect to example.org');
  for (const [error, pause] of [
    ...([
      [gone, 0],
      [gone, 800],
      [gone, 3_100],
    ] as const),
    ...([
      [offline, 4_000],
      [offline, 8_000],
    ] as const),
    ...([
      [new Error('it was cut'), 0],
      [new Error('it was cut'), 900],
    ] as const),
  ]) {
    told.again(JULIET, error, pause);
  }
  told.goesOn();
  told.again(JULIET, gone, 0);
  expect(warnings()).toEqual([
    `${JULIET} is not there; trying again`,
    `${JULIET} is still not there; next try in 1 s`,
    `${JULIET} is still not there; next try in 4 s`,
    'cannot connect to example.org; next try in 4 s',
    'still no connection; next try in 8 s',
    'it was cut; trying again',
    'the same again; next try in 1 s',
    `${JULIET} is not there; trying again`,
  ]);
});

test('where there are other recipients each line says whose it is (R1172)', () => {
  const { told, events, warnings } = telling(JULIET);
  told.again(JULIET, new Error('it was cut'), 0);
  told.again(JULIET, new Error(`${JULIET}/balcony is busy`), 0);
  told.warn('smaller blocks');
  told.note('offering by jingle');
  expect(warnings()).toEqual([
    `${JULIET}: it was cut; trying again`,
    `${JULIET}/balcony is busy; trying again`,
    `${JULIET}: smaller blocks`,
  ]);
  expect(events.at(-1)).toEqual({ event: 'note', text: `${JULIET}: offering by jingle` });
});

test('who is waited for is told to people and to programs (R340)', () => {
  const { told, events, warnings } = telling();
  told.waits(JULIET, new RecipientUnreachable('nobody is there'), 10_800_000);
  expect(warnings()).toEqual([`${JULIET} is not there; waiting for it, 3 h at most`]);
  expect(events[0]).toEqual({
    ...{ event: 'waiting', id: expect.any(Number), to: JULIET },
    ...{ error: 'nobody is there', seconds: 10_800 },
  });
});

test('that a file goes beside the stream in the clear is told once, in whichever attempt it first does (R1052)', () => {
  const { told, warnings } = telling();
  const startsBy = (lane?: string) => {
    const channel = { peer: JULIET, ...(lane ? { lane } : {}) };
    told.starts({ channel, range: { offset: 0 } } as unknown as Accepted, { encrypted: false });
  };
  startsBy();
  expect(warnings()).toEqual([]);
  startsBy('proxy.capulet.example');
  startsBy('proxy.capulet.example');
  expect(warnings()).toEqual([
    `letter.txt goes to ${JULIET} beside the XMPP stream, not encrypted: whoever carries it can read and change it`,
  ]);
});
