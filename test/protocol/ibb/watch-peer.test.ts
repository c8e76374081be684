import { describe, expect, test } from '@jest/globals';
import { ChannelLost } from '../../../src/protocol/channel.js';
import { type LeastPace, watchPeer } from '../../../src/protocol/ibb/watch-peer.js';
import type { Intercept } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { pairOfBytestreams, unattended } from './bytestreams.js';

const MINUTE_MS = 60_000;

const PACE: LeastPace = {
  maxIdleMs: 2 * MINUTE_MS,
  minBytes: 1000,
  periodMs: 15 * MINUTE_MS,
  lifetimeMs: 3 * 60 * MINUTE_MS,
};

/** The minute in which her end is gone, while he writes so many bytes in each; 0: it is there still. */
async function endsIn(
  minutes: number,
  bytesAMinute: number,
  intercept?: Intercept,
  isAnnounced = false,
) {
  const options = { pace: PACE, isAnnounced, ...(intercept ? { intercept } : {}) };
  const pair = await pairOfBytestreams(options);
  unattended(pair.hers);
  unattended(pair.his);
  pair.hers.resume();
  for (let minute = 1; minute <= minutes; minute += 1) {
    if (bytesAMinute > 0) pair.his.write(Buffer.alloc(bytesAMinute));
    await pair.clock.advance(MINUTE_MS);
    if (pair.hers.destroyed) return { ...pair, minute };
  }
  return { ...pair, minute: 0 };
}

const isProbe: Intercept = (stanza, deliver) => {
  // He is silent, as one whose connection is being resumed.
  if (stanza.attrs.from?.startsWith('juliet') && stanza.attrs.type === 'set') return;
  deliver(stanza);
};

// It was asked for every half minute, for ever.
test('the peer of a bytestream that was over before it was accepted is not asked for', async () => {
  const { his, sessions, clock } = await pairOfBytestreams();
  his.abandon();
  await settled();
  await watchPeer(sessions[0], his, clock);
  expect(his.closed).toBe(true);
});

describe('a peer with a pace to keep', () => {
  test('that sends nothing for two minutes is sent away (R19)', async () => {
    const { minute, hers, his } = await endsIn(5, 0);
    expect(minute).toBe(2);
    expect(hers.errored).toEqual(new ChannelLost('romeo@montague.example/orchard sends nothing'));
    expect(his.destroyed).toBe(true);
  });

  test('that sends one block each 119 seconds is sent away after the period', async () => {
    const { minute, hers } = await endsIn(60, 4);
    expect(minute).toBe(15);
    expect(hers.errored?.message).toMatch('sends too little');
  });

  test('that keeps it stays', async () => {
    expect((await endsIn(50, 100)).minute).toBe(0);
  });

  test('that neither sends nor answers is sent away after two minutes, too (R88)', async () => {
    const { minute, hers } = await endsIn(20, 0, isProbe);
    expect(minute).toBe(2);
    expect(hers.errored?.message).toMatch('sends nothing');
  });

  test('that waits for the reader stays, and has its pace to keep after that (R641)', async () => {
    const { clock, his, hers } = await pairOfBytestreams({ pace: PACE });
    unattended(his).write('a block of it');
    const reader = unattended(hers).iterator({ destroyOnReturn: false });
    expect((await reader.next()).value).toBeDefined();
    for (let minute = 0; minute < 40; minute += 1) {
      await clock.advance(MINUTE_MS);
      his.assumeAtWork();
    }
    expect([his.destroyed, hers.destroyed]).toEqual([false, false]);
    while (hers.incoming.areUnsettled) {
      reader.next().catch(() => undefined); // it ends as expected below
      await settled();
    }
    await clock.advance(3 * MINUTE_MS);
    expect(hers.errored?.message).toMatch('sends nothing');
  });

  test('that was announced and does not answer for ten minutes, as when it resumes, stays, but no longer than the period', async () => {
    expect((await endsIn(20, 0, isProbe, true)).minute).toBe(15);
  });

  test('is sent away after its time, whatever pace it keeps (R19)', async () => {
    const { minute, hers } = await endsIn(4 * 60, 100);
    expect(minute).toBe(3 * 60);
    expect(hers.errored?.message).toBe('romeo@montague.example/orchard takes too long');
  });

  test('is left in peace when its end has come and the reader is not done', async () => {
    const { clock, his, hers } = await pairOfBytestreams({ pace: PACE, halfOpen: true });
    his.end('a file');
    for await (const _bytes of hers.iterator({ destroyOnReturn: false }));
    await clock.advance(30 * MINUTE_MS);
    expect(hers.destroyed).toBe(false);
    hers.end();
    await settled();
    expect(his.closeAcknowledged).toBe(true);
  });
});
