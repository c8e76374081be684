import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { ChannelLost } from '../../../src/protocol/channel.js';
import type { Intercept } from '../../support/linked-sessions.js';
import { withIPv6 } from '../../support/networks/ipv6.js';
import type { ProxyFaults } from '../socks5/proxy.js';
import { arrives, pairWithLane, realProxy, sentBy } from './transports/s5b/lane-pair.js';

/** Sealed, and where it begins. */
const TIMES: [isSealed: boolean, offset: number][] = [
  [false, 0],
  [false, 100_001],
  [true, 0],
  [true, 100_001],
];

describe.each(TIMES)('a file (sealed: %p, from byte %i on)', (isSealed, offset) => {
  test('goes directly between machines of one account, and not in-band (R507)', async () => {
    const said = await arrives(pairWithLane({ listening: ['127.0.0.1'] }), isSealed, offset);
    expect(new Set(said)).toEqual(new Set(['transport-info']));
  });

  test('goes by the proxy of the own server, and not in-band (R507)', async () => {
    const proxy = await realProxy();
    const said = await arrives(pairWithLane({ proxy }), isSealed, offset);
    expect(new Set(said)).toEqual(new Set(['transport-info']));
    expect([proxy.joined.length, proxy.problems]).toEqual([1, []]);
  });

  withIPv6('R1127', () => {
    test('goes directly and by a proxy where there is IPv6 alone (R1127)', async () => {
      const direct = await arrives(pairWithLane({ listening: ['::1'] }), isSealed, offset);
      expect(new Set(direct)).toEqual(new Set(['transport-info']));
      const proxy = await realProxy('::1');
      const said = await arrives(pairWithLane({ proxy }), isSealed, offset);
      expect(new Set(said)).toEqual(new Set(['transport-info']));
      expect([proxy.joined.length, proxy.problems]).toEqual([1, []]);
    });
  });

  test('goes in-band where there is no other way, after one round trip more (R509, R615)', async () => {
    const said = await arrives(pairWithLane({}), isSealed, offset);
    // In the clear each tells that it has reached nothing, for others wait for that.
    const told = isSealed ? [] : ['transport-info', 'transport-info'];
    expect(said).toEqual([...told, 'transport-replace', 'transport-accept', 'open']);
  });

  test.each<[string, ProxyFaults]>([
    ['closes at once', { closesAtOnce: true }],
    ['answers with another field', { isWrong: true }],
    ['refuses them', { refuses: 'request' }],
    ['does not join them', { refuses: 'activation' }],
  ])('goes in-band where the only proxy %s (R509)', async (_what, faults) => {
    const proxy = await realProxy();
    proxy.faults = faults;
    const said = await arrives(pairWithLane({ proxy }), isSealed, offset);
    expect(said.slice(-3)).toEqual(['transport-replace', 'transport-accept', 'open']);
  });
});

test('what follows from an answer to a proposal leaves with it, in one write (R1091)', async () => {
  const turns: string[][] = [];
  let turn: string[] | undefined;
  // As the writer of a stream does, which writes at a time what is written in one turn.
  const intercept: Intercept = (stanza, deliver) => {
    if (!turn) {
      turn = [];
      turns.push(turn);
      process.nextTick(() => {
        turn = undefined;
      });
    }
    turn.push(pair.wire.lines.at(-1) ?? '');
    deliver(stanza);
  };
  const pair = pairWithLane({ intercept });
  await arrives(pair, true);
  expect(turns).toContainEqual(['juliet: transport-replace taken', 'juliet: transport-accept']);
  expect(turns).toContainEqual(['romeo: session-accept taken', 'romeo: transport-replace']);
});

test('a proxy that closes does not say that the recipient has the file: what it swallows is sent anew (R1093)', async () => {
  const proxy = await realProxy();
  proxy.faults = { breaks: { after: 1, how: 'swallows' } };
  const failed: boolean[] = [];
  const pair = pairWithLane({ proxy, onFailed: (_peer, hasBegun) => failed.push(hasBegun) });
  const { sent, accepting } = await sentBy(pair, false);
  accepting.catch(() => undefined);
  await once(sent.channel, 'finish');
  const confirmed = sent.confirmed();
  confirmed.catch(() => undefined);
  await pair.clock.advance(60_000);
  await expect(confirmed).rejects.toThrow(ChannelLost);
  // It counts as a lane that has broken.
  expect(failed).toContain(true);
});
