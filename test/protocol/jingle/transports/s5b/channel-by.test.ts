import { describe, expect, test } from '@jest/globals';
import type { LeastPace } from '../../../../../src/protocol/ibb/watch-peer.js';
import { JingleEnded } from '../../../../../src/protocol/jingle/session/jingle-ended.js';
import { channelBy } from '../../../../../src/protocol/jingle/transports/s5b/channel-by.js';
import type { S5bOptions } from '../../../../../src/protocol/jingle/transports/s5b/options.js';
import type { Candidate } from '../../../../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';
import { ROMEO } from '../../../../support/linked-sessions.js';
import { ManualClock, settled } from '../../../../support/manual-clock.js';
import { unattended } from '../../../ibb/bytestreams.js';
import { linkedSockets } from '../../../network/memory-network.js';

const MINUTE_MS = 60_000;
const PROXY: Candidate = {
  ...{ cid: 'c1', jid: 'proxy.example/7030', host: '11.0.0.7', port: 5000 },
  ...{ priority: 1, type: 'proxy' },
};

/** Juliet's channel, and the socket by which Romeo sends. */
function receiving(pace?: LeastPace) {
  const [his, hers] = linkedSockets();
  const clock = new ManualClock();
  const over = new AbortController();
  const failed: boolean[] = [];
  const options = {
    ...{ clock, pace },
    onFailed: (_peer: string, hasBegun: boolean) => failed.push(hasBegun),
  } as unknown as S5bOptions;
  const negotiators = { peer: ROMEO, over: over.signal, inform: async () => undefined };
  const channel = unattended(channelBy(hers, PROXY, false, negotiators, options));
  return { his, channel, clock, over, failed };
}

/** It is read from, and what comes is counted. */
const reading = ({ channel }: ReturnType<typeof receiving>) => channel.resume();

describe('a channel beside the XMPP stream', () => {
  test('goes by the proxy, whatever machine of it that is', () => {
    expect(receiving().channel.lane).toBe('proxy.example');
  });

  test('ends when nothing has come for a minute that was waited for (R610)', async () => {
    const made = receiving();
    reading(made);
    made.his.write('some');
    await settled();
    await made.clock.advance(MINUTE_MS - 1);
    expect(made.channel.destroyed).toBe(false);
    await made.clock.advance(MINUTE_MS + 1);
    expect(made.channel.errored?.message).toBe(`${ROMEO} sends nothing by the connection`);
    await settled();
    expect([made.failed, made.clock.sleepers]).toEqual([[true], 0]);
  });

  test('stays while some of it comes now and then (R610)', async () => {
    const made = receiving();
    reading(made);
    for (let minutes = 0; minutes < 10; minutes += 1) {
      made.his.write('.');
      await settled();
      await made.clock.advance(MINUTE_MS);
    }
    expect(made.channel.destroyed).toBe(false);
  });

  test('stays while its reader is the one that is slow (R610)', async () => {
    const made = receiving({
      ...{ maxIdleMs: 2 * MINUTE_MS, minBytes: 100_000, periodMs: 5 * MINUTE_MS },
      lifetimeMs: 60 * MINUTE_MS,
    });
    made.his.write(Buffer.alloc(200_000));
    made.channel.read(0);
    await settled();
    await made.clock.advance(30 * MINUTE_MS);
    expect(made.channel.destroyed).toBe(false);
  });

  test('ends where its peer does not keep the pace (R610)', async () => {
    const made = receiving({
      ...{ maxIdleMs: 2 * MINUTE_MS, minBytes: 100_000, periodMs: 5 * MINUTE_MS },
      lifetimeMs: 60 * MINUTE_MS,
    });
    reading(made);
    for (let minutes = 0; minutes < 6 && !made.channel.destroyed; minutes += 1) {
      made.his.write('.');
      await settled();
      await made.clock.advance(MINUTE_MS);
    }
    expect(made.channel.errored?.message).toBe(`${ROMEO} sends too little`);
  });

  test.each(['failed-transport', 'connectivity-error', 'security-error'])(
    'has failed where its peer has ended the Jingle session for it first: %s (R823)',
    async (condition) => {
      const ended = receiving();
      const why = new JingleEnded({ condition }, false);
      ended.over.abort(why);
      ended.channel.abandon(why);
      await settled();
      expect(ended.failed).toEqual([true]);
    },
  );

  test.each(['gone', 'cancel', 'decline', 'busy', 'success'])(
    'has not failed where its peer has ended the Jingle session otherwise: %s (R823)',
    async (condition) => {
      const ended = receiving();
      const why = new JingleEnded({ condition }, false);
      ended.over.abort(why);
      ended.channel.abandon(why);
      await settled();
      expect(ended.failed).toEqual([]);
    },
  );

  test('has not failed where the Jingle session has ended before it, nor where it is whole (R605)', async () => {
    const ended = receiving();
    ended.over.abort(new Error('the peer is gone'));
    ended.channel.destroy(new Error('the peer is gone'));
    const whole = receiving();
    reading(whole);
    whole.his.resume().end('all');
    await settled();
    await whole.channel.acknowledgeClose();
    await settled();
    expect(whole.channel.destroyed).toBe(true);
    expect([ended.failed, whole.failed]).toEqual([[], []]);
  });
});
