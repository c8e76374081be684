import { describe, expect, test } from '@jest/globals';
import { addressField } from '../../../../../src/protocol/socks5/address-field.js';
import { xml } from '../../../../../src/session/xml.js';
import { JULIET, parse, ROMEO } from '../../../../support/linked-sessions.js';
import { settled } from '../../../../support/manual-clock.js';
import { readAll } from '../../../ibb/bytestreams.js';
import { holdsTransport } from '../transport-suite.js';
import { type Agreed, agreed, channels } from './negotiations.js';
import { JULIETS, ROMES, world } from './world.js';

/** XEP-0260, example 1. */
const FOREIGN = parse(
  `<transport xmlns='urn:xmpp:jingle:transports:s5b:1' mode='tcp' sid='vj3hs98y'
     dstaddr='972b7bf47291ca609517f67f86b5081086052dad'>
   <candidate cid='hft54dqy' host='192.168.4.1' jid='${ROMEO}' port='5086' priority='8257636' type='direct'/>
   <candidate cid='xmdh4b7i' host='123.45.7.8' jid='streamer.example' port='7625' priority='7878787' type='proxy'/>
   </transport>`,
);

const sides = (made = world()) => ({ ...made, taken: () => 0 });

describe('SOCKS5 bytestreams (R127, R282, R507)', () => {
  holdsTransport({
    prepare: () => sides(),
    // Neither shows an address: what is left are the proxies of his server.
    prepareNarrow: () => sides(world({ his: ['proxies', 'known'], proxies: ['his'] })),
    foreign: FOREIGN,
  });
});

/** Bytes go both ways, and all is given up after that. */
async function carries(both: Agreed): Promise<void> {
  const { his, hers } = await channels(both);
  his.end('a letter');
  hers.end('an answer');
  expect(await readAll(hers)).toEqual(Buffer.from('a letter'));
  expect(await readAll(his)).toEqual(Buffer.from('an answer'));
  await settled();
  expect([both.internet.left, both.clock.sleepers]).toEqual([0, 0]);
}

const HIS_FIELD = (sid: string) => addressField(sid, ROMEO, JULIET);
const HER_FIELD = (sid: string) => addressField(sid, JULIET, ROMEO);

describe('two of ours', () => {
  test('join directly where both may see the addresses, and need no proxy (R507)', async () => {
    const both = await agreed();
    await carries(both);
    expect(both.told.sort()).toEqual(['juliet: candidate-used', 'romeo: candidate-used']);
    expect(both.internet.tried.every((at) => at.startsWith(ROMES) || at.startsWith(JULIETS))).toBe(
      true,
    );
  });

  test('join by the proxy of the initiator, who activates it, though both have one (R507)', async () => {
    const both = await agreed({ his: ['proxies', 'known'] });
    await carries(both);
    expect(both.proxies.his.joined).toEqual([HIS_FIELD(both.offering.sid)]);
    expect(both.proxies.hers.joined).toEqual([]);
    expect(both.told).toContain('romeo: activated');
    expect([both.proxies.his.problems, both.proxies.hers.problems]).toEqual([[], []]);
  });

  test('join by the proxy of the responder where there is no other (R507)', async () => {
    const both = await agreed({ his: ['proxies', 'known'], proxies: ['hers'] });
    await carries(both);
    expect(both.proxies.hers.joined).toEqual([HER_FIELD(both.offering.sid)]);
    expect(both.told.sort()).toEqual([
      ...['juliet: activated', 'juliet: candidate-error'],
      'romeo: candidate-used',
    ]);
    expect(both.proxies.hers.problems).toEqual([]);
  });

  test.each(['his', 'hers'] as const)(
    'join by a proxy where the direct way is walled off (R507)',
    async (whose) => {
      const both = await agreed({ proxies: [whose] });
      for (const address of [ROMES, JULIETS]) both.internet.wallOff(address);
      await carries(both);
      expect(both.proxies[whose].joined).toHaveLength(1);
    },
  );

  test('show no address to whom it is not to be shown, nor connect to one (R508)', async () => {
    const both = await agreed({ his: ['proxies', 'known'] });
    const offer = await both.offering.describe();
    const answer = await both.answering.describe();
    const types = [offer, answer].map((one) =>
      one.getChildren('candidate').map(({ attrs }) => attrs.type),
    );
    expect(types).toEqual([['proxy'], ['proxy']]);
    await carries(both);
    expect(both.internet.tried.filter((at) => !at.startsWith('11.0.0.'))).toEqual([]);
  });

  test('offer what is new, with priorities that no other has (R507)', async () => {
    const both = await agreed();
    const all = [await both.offering.describe(), await both.answering.describe()].flatMap((one) =>
      one.getChildren('candidate').map(({ attrs }) => attrs.priority),
    );
    expect(all.length).toBe(4);
    expect(new Set(all).size).toBe(4);
  });
});

test('a peer that says it has reached a candidate that was never offered is told so (R507)', async () => {
  const { offering } = await agreed();
  const element = xml(
    'transport',
    { xmlns: 'urn:xmpp:jingle:transports:s5b:1', sid: offering.sid },
    xml('candidate-used', { cid: 'c1' }),
  );
  expect(() => offering.informed?.(element)).toThrow('there is no such candidate');
});
