import { describe, expect, test } from '@jest/globals';
import type { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { content, jingle } from '../../../src/protocol/jingle/stanzas.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
import { transport as ibbElement } from '../../../src/protocol/jingle/transports/ibb-stanzas.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { readAll, unattended } from '../ibb/bytestreams.js';
import { leftOf, offered, type Pair, pairOfTransfers } from './transfers.js';
import { NS_PIPE, pipeTransport } from './transports/pipe-transport.js';

const LETTER = { name: 'letter.txt', size: 6, hashes: new Map([['sha-256', Buffer.alloc(32, 1)]]) };

type Make = (bytestreams: InBandBytestreams) => ReturnType<typeof ibbTransport>[];

const no = () => false;
const pipeOnly: Make = (one) => [pipeTransport(one, no)];
const noIbb: Make = (one) => [
  pipeTransport(one, no),
  { ...pipeTransport(one), xmlns: 'urn:example:transports:other' },
];
const pipeFirst: Make = (one) => [pipeTransport(one), ibbTransport(one)];
const brokenFirst: Make = (one) => [pipeTransport(one, no), ibbTransport(one)];
const ibbFirst: Make = (one) => [ibbTransport(one), pipeTransport(one)];

/** What was said of transports, by whom. */
function requestsOf({ wire }: Pair): string[] {
  return wire.lines
    .filter((line) => /: transport-/.test(line) && !/ (taken|refused, .*)$/.test(line))
    .map((line) => line.replace(/^(\w+: transport-\w+).*/, '$1'));
}

/** Romeo's file arrives at Juliet, from a byte on. */
async function arrives(pair: Pair, offset = 0) {
  const { outgoing, incoming } = await offered(pair, LETTER);
  const hers = await incoming.accept(offset);
  const file = await outgoing;
  expect(file.range.offset).toBe(offset);
  file.channel.end(Buffer.from('letter').subarray(offset));
  expect(await readAll(hers)).toEqual(Buffer.from('letter').subarray(offset));
  void incoming.confirm(Buffer.alloc(32));
  expect(await file.confirmed()).toBe('received');
  await settled();
  expect(await leftOf(pair)).toEqual([]);
}

describe('a file', () => {
  test('goes by the best transport, whose information is handed on (R128)', async () => {
    const pair = pairOfTransfers({ transports: [pipeFirst, pipeFirst] });
    await arrives(pair);
    expect(requestsOf(pair).sort()).toEqual(['juliet: transport-info', 'romeo: transport-info']);
  });

  test.each([0, 2])(
    'goes by the next transport where the best has no way, from byte %s on (R128)',
    async (offset) => {
      const pair = pairOfTransfers({ transports: [brokenFirst, pipeFirst] });
      await arrives(pair, offset);
      expect(requestsOf(pair).slice(-2)).toEqual([
        'romeo: transport-replace',
        'juliet: transport-accept',
      ]);
      expect(pair.wire.find(/^romeo: open/)).toContain('romeo: open 4');
    },
  );

  test('fails where the next transport is refused (R128)', async () => {
    const pair = pairOfTransfers({ transports: [brokenFirst, noIbb] });
    const { outgoing, incoming } = await offered(pair, LETTER);
    const [his, hers] = await Promise.allSettled([outgoing, incoming.accept()]);
    expect(his).toMatchObject({ status: 'rejected', reason: { message: 'no way through' } });
    expect(hers).toMatchObject({ status: 'rejected' });
    expect(requestsOf(pair).slice(-2)).toEqual([
      'romeo: transport-replace',
      'juliet: transport-reject',
    ]);
    await settled();
    expect(pair.wire.find('romeo: session-terminate failed-transport')).toHaveLength(1);
    expect(await leftOf(pair)).toEqual([]);
  });

  test('fails where nobody says anything of the next transport for 15 seconds (R128)', async () => {
    const pair = pairOfTransfers({
      transports: [brokenFirst, pipeFirst],
      intercept: (stanza, deliver) => {
        if (!stanza.toString().includes('transport-accept')) deliver(stanza);
      },
    });
    const { outgoing, incoming } = await offered(pair, LETTER);
    incoming.accept().catch(() => undefined);
    await settled();
    await pair.clock.advance(14_999);
    expect(pair.wire.find(/session-terminate/)).toEqual([]);
    await pair.clock.advance(1);
    await expect(outgoing).rejects.toThrow('no way through');
    await settled();
    expect(pair.wire.find('romeo: session-terminate failed-transport')).toHaveLength(1);
  });

  test('is given up by a recipient whose sender proposes nothing for 15 seconds (R128)', async () => {
    const pair = pairOfTransfers({ transports: [pipeOnly, brokenFirst] });
    const { outgoing, incoming } = await offered(pair, LETTER);
    const accepted = incoming.accept();
    accepted.catch(() => undefined);
    await expect(outgoing).rejects.toThrow('no way through');
    await expect(accepted).rejects.toMatchObject({ name: 'JingleEnded' });
    await settled();
    expect(requestsOf(pair)).not.toContain('juliet: transport-replace');
    expect(await leftOf(pair)).toEqual([]);
  });

  test('does not go by a transport that has failed before (R128)', async () => {
    const pair = pairOfTransfers({ transports: [brokenFirst, brokenFirst] });
    await arrives(pair);
    expect(requestsOf(pair).filter((line) => line === 'romeo: transport-replace')).toHaveLength(1);
  });

  test('takes no more replacements than there are transports, each of which is waited for anew (R149)', async () => {
    const pair = pairOfTransfers({ transports: [ibbFirst, ibbFirst] });
    const { incoming, outgoing } = await offered(pair, LETTER);
    outgoing.then(
      ({ channel }) => channel.on('error', () => undefined),
      () => undefined,
    );
    const accepted = incoming.accept();
    accepted.catch(() => undefined);
    const replace = (sid: string) =>
      tell(pair, ibbElement({ sid, blockSize: 4, stanza: 'iq' }), 'transport-replace');
    for (const sid of ['a', 'b', 'c']) expect(await replace(sid)).toBe('taken');
    await settled();
    const answers = requestsOf(pair).filter((line) => line.startsWith('juliet: transport-'));
    expect(answers.slice(0, 2)).toEqual(['juliet: transport-accept', 'juliet: transport-accept']);
    // What Romeo proposes himself meanwhile is refused, too.
    expect(new Set(answers.slice(2))).toEqual(new Set(['juliet: transport-reject']));
    incoming.decline();
  });

  test.each([
    ['the same, that is not agreed on yet', false, 'pipe', 'accept'],
    ['the same, that is being opened', true, 'pipe', 'reject'],
    ['another one, that is being opened', true, 'ibb', 'accept'],
  ] as const)(
    'is sent by a transport of the peer in place of %s (R149)',
    async (_what, isAccepted, by, answer) => {
      const pair = pairOfTransfers({
        transports: [pipeFirst, pipeFirst],
        // Romeo never hears that Juliet sees a way, and goes on opening.
        intercept: (stanza, deliver) => {
          if (!(stanza.attrs.from === JULIET && `${stanza}`.includes('transport-info')))
            deliver(stanza);
        },
      });
      const { outgoing, incoming } = await offered(pair, LETTER);
      if (isAccepted) incoming.accept().catch(() => undefined);
      await settled();
      const transport =
        by === 'ibb'
          ? ibbElement({ sid: 'other', blockSize: 4, stanza: 'iq' })
          : xml('transport', { xmlns: NS_PIPE, sid: 'other' });
      expect(await tell(pair, transport, 'transport-replace', 'juliet')).toBe('taken');
      await settled();
      expect(requestsOf(pair)).toContain(`romeo: transport-${answer}`);
      incoming.decline();
      await outgoing.then(({ channel }) => unattended(channel)).catch(() => undefined);
    },
  );

  test('by in-band bytestreams takes no information about them (R128)', async () => {
    const pair = pairOfTransfers({ transports: [ibbFirst, ibbFirst] });
    const { incoming, outgoing } = await offered(pair, LETTER);
    const info = ibbElement({ sid: incoming.sid, blockSize: 4, stanza: 'iq' });
    const answer = await tell(pair, info);
    expect(answer).toMatchObject({
      condition: 'feature-not-implemented',
      specific: { name: 'unsupported-info' },
    });
    incoming.decline();
    await expect(outgoing).rejects.toThrow('decline');
  });
});

/** One of them says something of transports to the other; resolves to the answer. */
async function tell(
  { sessions: [romeo, juliet], sids }: Pair,
  transport: Element,
  action: 'transport-info' | 'transport-replace' = 'transport-info',
  by: 'romeo' | 'juliet' = 'romeo',
): Promise<unknown> {
  const [sid = ''] = sids.jingle;
  const about = content({ creator: 'initiator', name: 'file', senders: 'initiator' }, transport);
  const [asker, asked] = by === 'romeo' ? [romeo, JULIET] : ([juliet, ROMEO] as const);
  const said = asker.request('set', asked, jingle(action, sid, {}, about));
  return said.then(
    () => 'taken',
    (error) => error,
  );
}
