import { describe, expect, test } from '@jest/globals';
import { addressField } from '../../../src/protocol/socks5/address-field.js';
import { admit, enter } from '../../../src/protocol/socks5/handshake.js';
import { linkedSockets } from '../network/memory-network.js';
import { TestProxy } from './proxy.js';

const FIELD = '972b7bf47291ca609517f67f86b5081086052dad';
const OTHER = '1a12fb7bc625e55f3ed5b29a53dbe0e4aa7d80ba';
const never = new AbortController().signal;

/** What one side makes of another that says this, one at a time and whatever it hears. */
async function against(
  act: typeof enter,
  says: readonly (Buffer | 'ends' | 'breaks off')[],
  signal = never,
) {
  const [ours, theirs] = linkedSockets();
  const heard: Buffer[] = [];
  const outcome = act(ours, FIELD, signal).then(
    () => 'done',
    (error: Error) => error.message,
  );
  theirs.on('data', (bytes: Buffer) => heard.push(bytes));
  for (const said of says) {
    if (said === 'ends') theirs.end();
    else if (said === 'breaks off') theirs.resetAndDestroy();
    else theirs.write(said);
  }
  return { outcome: await outcome, heard: Buffer.concat(heard), ours };
}

const reply = (...head: number[]) => Buffer.from([...head, ...Buffer.from(FIELD), 0, 0]);
const METHOD = Buffer.of(5, 0);
const GREETING = Buffer.of(5, 1, 0);

test('the address field is that of XEP-0260 and of XEP-0065 (R500)', () => {
  const [sid, romeo, juliet] = [
    'vj3hs98y',
    'romeo@montague.lit/orchard',
    'juliet@capulet.lit/balcony',
  ];
  expect(addressField(sid, romeo, juliet)).toBe(FIELD);
  expect(addressField(sid, juliet, romeo)).toBe(OTHER);
});

test('both sides of ours understand each other, and what follows stays (R500)', async () => {
  const [his, hers] = linkedSockets();
  await Promise.all([enter(his, FIELD, never), admit(hers, FIELD, never)]);
  his.end('a letter');
  expect(await hers.toArray()).toEqual([Buffer.from('a letter')]);
});

test('a proxy that takes greeting and request as a read each is content (R500)', async () => {
  const proxy = new TestProxy('proxy.example', '11.0.0.7', 5000);
  const [his, at] = linkedSockets();
  proxy.connected(at);
  await enter(his, FIELD, never);
  expect(proxy.problems).toEqual([]);
});

describe('who connects (R500, R501)', () => {
  test.each([
    ['wants authentication', [Buffer.of(5, 0xff)], 'without authentication'],
    ['speaks SOCKS4', [Buffer.of(4, 0)], 'without authentication'],
    ['speaks HTTP', [Buffer.from('HTTP/1.1 400 Bad Request')], 'without authentication'],
    ['says no', [METHOD, Buffer.of(5, 5, 0, 1, 0, 0, 0, 0, 0, 0)], 'refuses the connection (5)'],
    [
      'answers with another field',
      [METHOD, Buffer.from([5, 0, 0, 3, 40, ...Buffer.from(OTHER), 0, 0])],
      'another address',
    ],
    [
      'answers with an address',
      [METHOD, Buffer.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 0)],
      'another address',
    ],
    [
      'answers with another port',
      [METHOD, Buffer.from([...reply(5, 0, 0, 3, 40).subarray(0, -1), 1])],
      'another address',
    ],
    ['answers with a longer name', [METHOD, reply(5, 0, 0, 3, 255)], 'another address'],
    ['closes at once', ['ends'], 'the other side closed the connection'],
    [
      'closes in the middle',
      [METHOD, reply(5, 0, 0, 3, 40).subarray(0, 20), 'ends'],
      'closed the connection',
    ],
    ['breaks off', ['breaks off'], 'ECONNRESET'],
  ] as const)('fails where the other side %s', async (_what, says, why) => {
    expect((await against(enter, says)).outcome).toContain(why);
  });

  test('takes an answer that comes byte by byte, and leaves what is behind it', async () => {
    const bytes = Buffer.concat([METHOD, reply(5, 0, 0, 3, 40), Buffer.from('more')]);
    const says = [...bytes].map((byte) => Buffer.of(byte));
    const { outcome, ours } = await against(enter, [...says, 'ends']);
    expect(outcome).toBe('done');
    expect(Buffer.concat(await ours.toArray())).toEqual(Buffer.from('more'));
  });

  test.each([
    ['the greeting', []],
    ['the request', [METHOD]],
    ['the end of the request', [METHOD, Buffer.of(5, 0, 0)]],
  ])('waits for the answer to %s no longer than it may', async (_what, says) => {
    const late = new AbortController();
    setImmediate(() => late.abort(new Error('too late')));
    expect((await against(enter, says, late.signal)).outcome).toBe('too late');
  });
});

describe('who is connected to (R500, R501)', () => {
  const request = (field: string, port = 0) =>
    Buffer.from([5, 1, 0, 3, field.length, ...Buffer.from(field), 0, port]);

  test.each([
    ['speaks SOCKS4', [Buffer.of(4, 1, 0)], 'no SOCKS5'],
    ['offers no method', [Buffer.of(5, 0)], 'no SOCKS5'],
    ['offers only passwords', [Buffer.of(5, 1, 2)], 'wants authentication'],
    ['asks for another field', [GREETING, request(OTHER)], 'another address'],
    ['asks for a shorter one', [GREETING, request(FIELD.slice(1))], 'another address'],
    ['asks for another port', [GREETING, request(FIELD, 80)], 'another address'],
    [
      'asks for an address',
      [GREETING, Buffer.of(5, 1, 0, 1, 127, 0, 0, 1, 0, 80)],
      'another address',
    ],
    ['wants to be connected to', [GREETING, Buffer.from([5, 2, 0, 3, 40])], 'another address'],
    ['closes at once', ['ends'], 'closed the connection'],
    ['breaks off', [GREETING, 'breaks off'], 'ECONNRESET'],
  ] as const)('fails where who has connected %s', async (_what, says, why) => {
    const { outcome, heard } = await against(admit, says);
    expect(outcome).toContain(why);
    expect(heard.includes(FIELD)).toBe(false); // nobody learns it here
  });

  test('takes who offers other methods beside, and both messages at once', async () => {
    const both = Buffer.concat([Buffer.of(5, 3, 1, 0, 2), request(FIELD)]);
    expect((await against(admit, [both])).outcome).toBe('done');
  });
});
