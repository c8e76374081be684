import { beforeEach, describe, expect, test } from '@jest/globals';
import { Outbox } from '../../../src/session/outbox/outbox.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const ROMEO = 'romeo@montague.example/orchard';
const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';
const OWN_SERVER = ['juliet@capulet.example', 'capulet.example'];
const NURSE = 'nurse@capulet.example/hall';

let clock: ManualClock;
let outbox: Outbox;
/** What was written, and what never will be. */
let written: string[];
let failed: string[];
let reasons: string[];
/** The server takes all that was written. */
let take: () => Promise<void>;

const put = (stanza: Element, characters = 1_024) => {
  const { id = '' } = stanza.attrs;
  const write = () => void written.push(id);
  outbox.put(stanza, {
    characters,
    write,
    fail: (error) => {
      failed.push(id);
      reasons.push(error.message);
    },
  });
};
const answer = (id: string, to = ROMEO) => xml('iq', { type: 'result', id, to });
const refusal = (id: string, to: string) => {
  const condition = xml('service-unavailable', { xmlns: NS_STANZAS });
  return xml('iq', { type: 'error', id, to }, xml('error', { type: 'cancel' }, condition));
};
const fill = () => {
  for (const id of ['1', '2']) put(answer(id));
};

beforeEach(() => {
  clock = new ManualClock();
  [written, failed, reasons] = [[], [], []];
  const waiting: (() => void)[] = [];
  outbox = new Outbox(() => new Promise((resolve) => waiting.push(resolve)), clock, OWN_SERVER);
  take = async () => {
    for (const resolve of waiting.splice(0)) resolve();
    await settled();
  };
});

test('answers go out at once while the server has taken most of them', async () => {
  for (let index = 0; index < 20; index += 1) {
    put(answer(`${index}`));
    await take();
  }
  expect(written).toHaveLength(20);
});

describe('where the server reads slowly', () => {
  test('answers wait until it has taken others (R120)', async () => {
    for (const id of ['1', '2', '3', '4', '5']) put(answer(id));
    expect(written).toEqual(['1', '2']);
    await clock.advance(1_000);
    await take();
    expect(written).toEqual(['1', '2', '3']);
    await take();
    expect(written).toEqual(['1', '2', '3', '4', '5']);
  });

  test('who asks a thousand times is answered as often as who asks once (R120)', async () => {
    fill();
    for (let index = 0; index < 1_000; index += 1) put(answer(`r${index}`));
    put(answer('n', NURSE));
    await take();
    await take();
    expect(written.slice(0, 5)).toContain('n');
  });

  test.each([
    ['answer to an iq', xml('iq', { type: 'error', id: '3', to: ROMEO })],
    ['message that comes back', xml('message', { type: 'error', id: '3', to: ROMEO })],
    ['message to one who has proposed', xml('message', { type: 'chat', id: '3', to: ROMEO })],
  ])('the %s waits as well', (_what, stanza) => {
    fill();
    put(stanza);
    expect(written).not.toContain('3');
  });

  test('what is no answer overtakes those to others, and none to the same account', async () => {
    fill();
    put(answer('3'));
    put(xml('iq', { type: 'set', id: 'to romeo', to: 'romeo@montague.example/hall' }));
    put(xml('iq', { type: 'set', id: 'to nurse', to: NURSE }));
    put(xml('presence', { id: 'to all' }));
    expect(written).toEqual(['1', '2', 'to nurse', 'to all']);
    await take();
    expect(written.slice(4)).toEqual(['3', 'to romeo']);
  });

  test('what waits for one is bounded (R120)', () => {
    fill();
    put(answer('3'), 1_048_576);
    expect([ROMEO, NURSE].map((jid) => outbox.isFull(jid))).toEqual([true, false]);
    expect(outbox.isFull('romeo@montague.example/other')).toBe(true);
  });

  test('refusals to any number of made-up accounts are few, and fill nothing for others (R120)', () => {
    fill();
    for (let index = 0; index < 85; index += 1) {
      put(refusal(`${index}`, `${index}@made-up.example`), 200_000);
    }
    put(refusal('x', 'x@elsewhere.example'));
    expect(failed).toHaveLength(85);
    expect(reasons[0]).toBe('too many are to be refused');
    expect([NURSE, ROMEO, '1@made-up.example'].map((jid) => outbox.isFull(jid))).toEqual([
      ...[false, false, false],
    ]);
  });

  test('one domain, however many accounts it makes up, leaves half of the room to others (R120)', () => {
    fill();
    const accounts = Array.from({ length: 1_000 }, (_, index) => `${index}@made-up.example`);
    for (const account of accounts) {
      if (!outbox.isBehind(account)) put(answer('', account), 87_700);
    }
    const behind = accounts.filter((account) => outbox.isBehind(account));
    expect(1_000 - behind.length).toBeLessThan(100);
    // They have what comes with nothing long to answer looked at all the same.
    expect(outbox.isFull(accounts.at(-1) as string)).toBe(false);
    expect([outbox.isFull(NURSE), outbox.isBehind(NURSE)]).toEqual([false, false]);
  });

  test('who has nothing waiting is heard however much waits for others, while less than twice of the room is taken (R120)', () => {
    fill();
    for (let index = 0; index < 40; index += 1) put(answer('', `a@${index}.example`), 450_000);
    expect([outbox.isFull(NURSE), outbox.isBehind(NURSE)]).toEqual([false, true]);
    for (let index = 0; index < 40; index += 1) put(answer('', `b@${index}.example`), 450_000);
    expect(outbox.isFull(NURSE)).toBe(true);
  });

  test('the own server never waits, and is always heard (R120)', () => {
    fill();
    for (let index = 0; index < 80; index += 1) put(answer('', `a@${index}.example`), 450_000);
    for (const own of OWN_SERVER) {
      put(answer(own, own));
      expect([outbox.isFull(own), outbox.isBehind(own)]).toEqual([false, false]);
    }
    expect(written).toEqual(['1', '2', ...OWN_SERVER]);
  });

  test('long answers go to one account after the other, by characters (R120)', async () => {
    fill();
    for (const id of ['r1', 'r2', 'r3']) put(answer(id), 80_000);
    for (const id of ['n1', 'n2', 'n3', 'n4', 'n5']) put(answer(id, NURSE), 10_000);
    for (let round = 0; round < 7; round += 1) {
      await clock.advance(1);
      await take();
    }
    expect(written.slice(2)).toEqual(['n1', 'n2', 'n3', 'n4', 'n5', 'r1', 'r2']);
  });

  test('what waits can go out in a hurry', async () => {
    fill();
    put(answer('3'));
    put(answer('4', NURSE));
    outbox.flush();
    expect(written).toEqual(['1', '2', '3', '4']);
    await take();
    expect(written).toHaveLength(4);
  });

  test('what waits fails with the session', () => {
    fill();
    put(answer('3'));
    outbox.fail(new Error('the end'));
    expect([written, failed]).toEqual([['1', '2'], ['3']]);
  });
});

test('more is under way where the server is quick', async () => {
  for (let round = 0; round < 3; round += 1) {
    fill();
    await take();
    await take();
  }
  written = [];
  for (let index = 0; index < 10; index += 1) put(answer(`${index}`));
  expect(written.length).toBeGreaterThan(4);
});
