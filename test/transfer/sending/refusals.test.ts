import { expect, test } from '@jest/globals';
import { type Channel, ChannelBroken, ChannelLost } from '../../../src/protocol/channel.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { Interrupted } from '../../../src/signals.js';
import { RecipientRefused } from '../../../src/transfer/recipient-errors.js';
import { Refusals } from '../../../src/transfer/sending/refusals.js';
import { acceptedBy, pairOfServices } from '../../protocol/ibb/bytestreams.js';
import { JULIET } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';

const broken = (text = 'expected seq 0') =>
  new ChannelBroken(0, new StanzaError('cancel', 'unexpected-request', text));

/** Attempts that end with these errors after so many bytes, with so many under way: which of them are a no. */
function judged(...attempts: [error: Error, bytesSent: number, bytesUnderWay?: number][]) {
  const refusals = new Refusals();
  return attempts.map(([error, bytesSent, bytesUnderWay = 100]) => {
    const channel = { bytesSent, bytesUnderWay } as Channel;
    refusals.begins({ channel, range: { offset: 0 } });
    return refusals.judge(error, 'juliet') instanceof RecipientRefused;
  });
}

test('a recipient that breaks two attempts off in one way at one place has refused (R113)', () => {
  expect(judged([broken(), 500], [broken(), 500])).toEqual([false, true]);
});

test.each([
  ['a little further', 600, true],
  ['a little sooner', 400, true],
  ['further than what may have come', 601, false],
  ['sooner than that', 399, false],
])('one that does so %s has refused it, or not (R113)', (_where, at, isNo) => {
  expect(judged([broken(), 500], [broken(), at])).toEqual([false, isNo]);
});

test('what an earlier attempt has reached is not where a later one was broken off (R113)', () => {
  expect(judged([broken(), 9_000], [broken(), 500], [broken(), 5_000])).toEqual([
    false,
    false,
    false,
  ]);
});

test.each([
  ['with another answer', broken(), broken('no session')],
  ['as a connection does', new ChannelLost('cut'), new ChannelLost('cut')],
])('one that breaks it off %s has not refused it (R113)', (_how, first, second) => {
  expect(judged([first, 500], [second, 500])).toEqual([false, false]);
});

test('an attempt that never began was broken off nowhere (R113)', () => {
  const refusals = new Refusals();
  for (const _attempt of [1, 2]) {
    const error = broken();
    expect(refusals.judge(error, 'juliet')).toBe(error);
  }
});

test.each([
  ['iq', [40, 120], false],
  ['iq', [40, 40], true],
  ['message', [40, 120], false],
] as const)(
  'in stanzas of the kind %s one that is stopped after %p bytes is known for what it is (R113)',
  async (stanza, stops, isNo) => {
    const refusals = new Refusals();
    let outcome: Error | undefined;
    for (const bytes of stops) {
      const pair = pairOfServices({ blockSize: 4, window: 3, stanza });
      const accepted = acceptedBy(pair.juliet);
      const his = await pair.romeo.open(JULIET, { stanza });
      const hers = await accepted;
      const ended = new Promise<Error>((resolve) => his.on('error', resolve));
      refusals.begins({ channel: his, range: { offset: 0 } });
      let read = 0;
      hers.on('error', () => undefined);
      hers.on('data', (chunk: Buffer) => {
        read += chunk.length;
        if (read >= bytes) pair.juliet.close(new Interrupted('SIGTERM'));
      });
      his.write(Buffer.alloc(400));
      for (let count = 0; count < 30; count += 1) await settled();
      outcome = refusals.judge(await ended, 'juliet');
    }
    expect(outcome instanceof RecipientRefused).toBe(isNo);
  },
);
