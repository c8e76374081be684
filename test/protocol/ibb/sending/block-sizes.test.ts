import { expect, test } from '@jest/globals';
import { frameOfIq } from '../../../../src/protocol/ibb/peer.js';
import { autoSizes } from '../../../../src/protocol/ibb/sending/block-sizes.js';
import { data } from '../../../../src/protocol/ibb/stanzas.js';
import { randomSid } from '../../../../src/protocol/sid.js';
import { xml } from '../../../../src/session/xml.js';
import { JULIET, linkedSessions, ROMEO } from '../../../support/linked-sessions.js';

const SID = randomSid();

/** Bytes of the iqs that bring blocks of these sizes, as the server of the recipient passes them on. */
async function stanzasOf(sizes: readonly number[], seq: number): Promise<number[]> {
  const lengths: number[] = [];
  const [romeo, juliet] = linkedSessions((stanza, deliver) => {
    const passedOn = xml(stanza.name, { ...stanza.attrs, from: ROMEO }, ...stanza.children);
    if (stanza.attrs.type === 'set') lengths.push(Buffer.byteLength(passedOn.toString()));
    deliver(stanza);
  });
  juliet.handle('set', 'http://jabber.org/protocol/ibb', 'data', () => undefined);
  for (const size of sizes) await romeo.request('set', JULIET, data(SID, seq, Buffer.alloc(size)));
  return lengths;
}

const sizesUpTo = (agreed: number) => autoSizes(agreed, frameOfIq(ROMEO, JULIET, SID)).sizes;

test('the first block size is 4096, the others fill multiples of 4096 bytes (R162)', async () => {
  const [first, ...others] = sizesUpTo(48_000);
  expect(first).toBe(4096);
  const lengths = await stanzasOf(others, 65_535);
  expect(lengths.map((length) => Math.ceil(length / 4096))).toEqual([2, 4, 15]);
  for (const length of lengths) expect(-length & 4095).toBeLessThan(8);
});

test.each([48_000, 65_535])('none is larger than 48,000 of %i', (agreed) => {
  expect(Math.max(...sizesUpTo(agreed))).toBeLessThanOrEqual(48_000);
});

test.each([1, 100, 3000, 4096, 4097, 5000])('%i bytes leave one size', (agreed) => {
  expect(sizesUpTo(agreed)).toEqual([Math.min(agreed, 4096)]);
});

test.each([8192, 16_384, 20_000, 30_000, 48_000])(
  'none is larger than was agreed on: %i',
  (agreed) => {
    const sizes = sizesUpTo(agreed);
    expect(sizes.at(-1)).toBeLessThanOrEqual(agreed);
    expect(sizes.at(-1)).toBeGreaterThan(agreed - 3100);
    expect(sizes).toEqual([...sizes].sort((one, other) => one - other));
  },
);

test('where the rate is low, blocks go down to 512 bytes, or what was agreed on', () => {
  expect(autoSizes(48_000, 300).least).toBe(512);
  expect(autoSizes(100, 300).least).toBe(100);
});
