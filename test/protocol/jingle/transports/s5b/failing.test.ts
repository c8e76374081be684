import { describe, expect, test } from '@jest/globals';
import { ChannelBroken } from '../../../../../src/protocol/channel.js';
import { settled } from '../../../../support/manual-clock.js';
import { readAll } from '../../../ibb/bytestreams.js';
import type { ProxyFaults } from '../../../socks5/proxy.js';
import { type Agreed, agreed, channels, never, outcomes } from './negotiations.js';
import { JULIETS, ROMES } from './world.js';

/** Whatever became of it, nothing stays open, and nobody waits. */
async function leavesNothing({ internet, clock }: Agreed): Promise<void> {
  await settled();
  expect([internet.left, clock.sleepers]).toEqual([0, 0]);
}

/** What both say in the end, as late as the time that passes lets them. */
async function inTheEnd(both: Agreed, ms: number) {
  let ended: Awaited<ReturnType<typeof outcomes>> | undefined;
  void outcomes(both).then((all) => {
    ended = all;
  });
  await both.clock.advance(ms);
  return ended;
}

const NO_WAY = 'neither side reaches the other, nor a proxy';

describe('there is no channel, and nothing stays behind, where the only proxy', () => {
  test.each<[string, ProxyFaults]>([
    ['does not answer the greeting', { isSilent: 'greeting' }],
    ['does not answer the request', { isSilent: 'request' }],
    ['answers with another field', { isWrong: true }],
    ['closes at once', { closesAtOnce: true }],
    ['refuses the request', { refuses: 'request' }],
  ])('%s (R509)', async (_what, faults) => {
    const both = await agreed({ his: ['proxies', 'known'], proxies: ['his'] });
    both.proxies.his.faults = faults;
    expect(await inTheEnd(both, 3_000)).toEqual({ his: NO_WAY, hers: NO_WAY });
    expect(both.told.sort()).toEqual(['juliet: candidate-error', 'romeo: candidate-error']);
    await leavesNothing(both);
  });

  test.each<[string, ProxyFaults, number, string]>([
    [
      'refuses to activate',
      { refuses: 'activation' },
      0,
      'proxy.montague.example does not join the connections (forbidden)',
    ],
    [
      'does not answer the activation',
      { isSilent: 'activation' },
      10_000,
      'nobody answered in time',
    ],
  ])('%s (R509)', async (_what, faults, ms, why) => {
    const both = await agreed({ his: ['proxies', 'known'], proxies: ['his'] });
    both.proxies.his.faults = faults;
    const ended = await inTheEnd(both, ms);
    expect(ended?.his).toBe(why);
    expect(ended?.hers).toMatch(
      /the peer says that it did not reach the proxy|nobody answered in time/,
    );
    expect(both.told).toContain('romeo: proxy-error');
    await leavesNothing(both);
  });

  test('is that of the responder, and does not join them: both hear of it (R1096)', async () => {
    const both = await agreed({ his: ['proxies', 'known'], proxies: ['hers'] });
    both.proxies.hers.faults = { refuses: 'activation' };
    expect(await inTheEnd(both, 0)).toEqual({
      his: 'the peer says that it did not reach the proxy',
      hers: 'proxy.capulet.example does not join the connections (forbidden)',
    });
    expect(both.told).toContain('juliet: proxy-error');
    await leavesNothing(both);
  });

  const HIS = 'the proxy proxy.montague.example (11.0.0.7 port 5000)';

  test.each<[string, ProxyFaults, string]>([
    ['says nothing', { isSilent: 'greeting' }, 'nobody answered in time'],
    ['refuses', { refuses: 'request' }, 'it refuses the connection (5)'],
  ])('%s: the user can hear where, and why (R1287)', async (_what, faults, why) => {
    const both = await agreed({ his: ['proxies', 'known'], proxies: ['his'] });
    both.proxies.his.faults = faults;
    await inTheEnd(both, 3_000);
    expect(both.whys).toEqual([[`they say that they did not reach ${HIS}`], [`${HIS}: ${why}`]]);
  });

  test('is not there for the one who has offered it: the same (R1287)', async () => {
    const both = await agreed({ his: ['proxies', 'known'], proxies: ['his'] });
    both.proxies.his.faults = { refuses: 'activation' };
    await inTheEnd(both, 0);
    const [his, hers] = both.whys;
    expect(his).toEqual([
      `${HIS}: proxy.montague.example does not join the connections (forbidden)`,
    ]);
    expect(hers).toEqual(['the peer says that it did not reach the proxy']);
  });

  test('cannot be reached, neither', async () => {
    const both = await agreed({ proxies: [] });
    for (const address of [ROMES, JULIETS]) both.internet.wallOff(address);
    expect(await inTheEnd(both, 0)).toEqual({ his: NO_WAY, hers: NO_WAY });
    await leavesNothing(both);
  });
});

describe('a peer that says nothing', () => {
  const mute = (said: string) => ({
    passes: (_from: string, element: { toString(): string }) => !element.toString().includes(said),
  });

  test('of what it has reached is waited for ten seconds (R509)', async () => {
    const both = await agreed(mute('candidate-'));
    expect(await inTheEnd(both, 9_999)).toBeUndefined();
    await both.clock.advance(1);
    await leavesNothing(both);
  });

  test('of its proxy is waited for ten seconds in all (R509, R825)', async () => {
    const both = await agreed({
      ...{ his: ['proxies', 'known'], proxies: ['his'] },
      ...mute('activated'),
    });
    const [his, hers] = [both.offering.open(never), both.answering.expect(never)];
    let why = '';
    hers.catch((error: Error) => {
      why = error.message;
    });
    const channel = await his;
    await both.clock.advance(9_999);
    expect(why).toBe('');
    await both.clock.advance(1);
    expect(why).toBe('nobody answered in time');
    channel.abandon();
    await leavesNothing(both);
  });

  test('that its proxy has failed, or that nothing is reached, is waited for as long (R509)', async () => {
    const both = await agreed({
      ...{ his: ['proxies', 'known'], proxies: ['his'] },
      ...mute('-error'),
    });
    both.proxies.his.faults = { refuses: 'activation' };
    expect(await inTheEnd(both, 10_000)).toMatchObject({ hers: 'nobody answered in time' });
    await leavesNothing(both);
  });
});

describe('when it is over', () => {
  test.each([0, 1, 2, 3, 5, 8, 13, 21, 34])(
    'before it is done, after %i turns, nothing stays behind (R509)',
    async (turns) => {
      const both = await agreed({ his: ['proxies', 'known'] });
      const ended = outcomes(both);
      for (let turn = 0; turn < turns; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const over of Object.values(both.overs)) over.abort(new Error('enough'));
      const { his, hers } = await ended;
      for (const outcome of [his, hers]) {
        if (typeof outcome === 'string') expect(outcome).toBe('enough');
        else outcome.abandon();
      }
      await leavesNothing(both);
    },
  );

  test('before it has begun, nobody listens any more (R509)', async () => {
    const both = await agreed();
    for (const over of Object.values(both.overs)) over.abort(new Error('enough'));
    await settled();
    expect([both.internet.ports, both.internet.left]).toEqual([2, 0]); // those of the proxies
  });
});

describe('a connection that breaks', () => {
  test.each([0, 1, 5])('after %i pieces is no end of the file (R509)', async (count) => {
    const both = await agreed({ his: ['proxies', 'known'] });
    const { his, hers } = await channels(both);
    hers.endAt(1_000_000);
    for (let piece = 0; piece < count; piece += 1) his.write(Buffer.alloc(1_000));
    const read = readAll(hers);
    read.catch(() => undefined);
    await settled();
    his.destroy(new Error('enough'));
    await expect(read).rejects.toThrow(ChannelBroken);
    expect(hers.bytesReceived).toBeLessThanOrEqual(count * 1_000);
    await leavesNothing(both);
  });
});
