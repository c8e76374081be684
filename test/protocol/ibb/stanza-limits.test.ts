import { expect, test } from '@jest/globals';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { JULIET, linkedSessions } from '../../support/linked-sessions.js';
import { takeAll } from './bytestreams.js';

/** The size of the blocks of a bytestream, and of the largest stanza that carried one. */
async function blocksUnder(maxStanzaBytes: number | undefined, blockSize: number) {
  let largest = 0;
  const [romeo, juliet] = linkedSessions(
    (stanza, deliver) => {
      largest = Math.max(largest, Buffer.byteLength(stanza.toString()));
      deliver(stanza);
    },
    { maxStanzaBytes },
  );
  new InBandBytestreams(juliet, { sessionLimit: 1 }).onBytestream = takeAll;
  const stream = await new InBandBytestreams(romeo, { blockSize }).open(JULIET);
  stream.resume();
  await new Promise((done) => stream.end(Buffer.alloc(200_000), () => done(undefined)));
  return { blockSize: stream.blockSize, largest };
}

// XEP-0478 §3: 10,000 bytes are the least that a server may take.
test.each([10_000, 32_768, 65_536])(
  'no stanza is larger than the %i bytes that the server takes (R33)',
  async (bytes) => {
    const { blockSize, largest } = await blocksUnder(bytes, 65_535);
    expect(largest).toBeLessThanOrEqual(bytes);
    expect(blockSize).toBeGreaterThan(bytes / 2);
  },
);

test('a smaller block size than the server takes is kept', async () => {
  expect((await blocksUnder(262_144, 4096)).blockSize).toBe(4096);
});

test('a server that says nothing of stanzas limits no block size', async () => {
  expect((await blocksUnder(undefined, 65_535)).blockSize).toBe(65_535);
});
