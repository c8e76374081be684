import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { ChannelLost } from '../../../src/protocol/channel.js';
import { Seal } from '../../../src/protocol/seal/seal.js';
import { settled } from '../../support/manual-clock.js';
import { readAll } from '../ibb/bytestreams.js';
import { memoryChannels } from './memory-channels.js';
import { messagesOf, pairOfSeals, shakeHands } from './seals.js';

const OPTIONS = { hasChecksum: false };
const FILE = randomBytes(6 * 16_384);
const LENGTH_BYTES = 2;

/** What is written of a file to a channel that dies after so many messages, and the key that opens them. */
async function messagesUntil(count: number) {
  const { his, hers } = shakeHands();
  const below = memoryChannels((block, number) => (number < count ? [block] : undefined));
  const seal = new Seal('initiator', his, OPTIONS);
  const channel = seal.wrap(below.his);
  below.hers.resume();
  Readable.from(messagesOf(FILE)).pipe(channel);
  await settled();
  expect(channel.errored).toBeInstanceOf(ChannelLost);
  return {
    seal,
    key: hers[0],
    messages: below.his.written.map((frame) => frame.subarray(LENGTH_BYTES)),
  };
}

test.each([0, 1, 4])(
  'a channel that dies after %i chunks is the only one of its handshake, and nothing is sealed anew with its keys (R246)',
  async (count) => {
    const lanes = [await messagesUntil(count), await messagesUntil(count), await messagesUntil(5)];
    for (const { seal, key, messages } of lanes) {
      // Each has the next nonce of its own key: that is how it opens.
      for (const message of messages) key.decryptWithAd(Buffer.alloc(0), message);

      const another = memoryChannels();
      expect(() => seal.wrap(another.his)).toThrow('a handshake is good for one channel');
      expect([another.his.written, another.his.destroyed]).toEqual([[], false]);
    }
    // The same bytes of the file, from its beginning, look different each time.
    const all = lanes.flatMap(({ messages }) => messages.map((message) => message.toString('hex')));
    expect(all.length).toBeGreaterThan(2 * (count + 1));
    expect(new Set(all).size).toBe(all.length);
  },
);

test('the recipient, too, takes one channel of a handshake (R246)', async () => {
  const { his, hers } = pairOfSeals();
  const below = memoryChannels();
  his.wrap(below.his).resume().end(FILE);
  expect((await readAll(hers.wrap(below.hers))).equals(FILE)).toBe(true);
  expect(() => hers.wrap(memoryChannels().hers)).toThrow('a handshake is good for one channel');
});
