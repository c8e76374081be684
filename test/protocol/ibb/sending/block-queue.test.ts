import { expect, test } from '@jest/globals';
import { BlockQueue } from '../../../../src/protocol/ibb/sending/block-queue.js';
import type { Block } from '../../../../src/protocol/ibb/sending/blocks-under-way.js';
import { Random } from '../../../fuzz/random.js';
import { pattern } from '../bytestreams.js';

const SIZES = [1, 2, 7, 64, 500, 4096];

/** Sends bytes through a queue in blocks of sizes as they come, with refusals in between; what the recipient has. */
function carried(
  seed: number,
  bytes: Buffer,
): { received: Buffer; seqs: number[]; sizes: number[] } {
  const random = new Random(seed);
  const queue = new BlockQueue(random.chance(0.5) ? 4096 : 0);
  const taken: Block[] = [];
  let underWay: Block[] = [];
  let written = 0;
  for (let step = 0; written < bytes.length || queue.bytes > 0 || underWay.length > 0; step += 1) {
    if (step > 100_000) throw new Error(`seed ${seed} does not end`);
    const next = bytes.subarray(written, written + 1 + random.below(6000));
    if (next.length > 0 && random.chance(0.5)) {
      queue.push(next);
      written += next.length;
      if (written === bytes.length) queue.flush();
    }
    const blockSize = random.pick(SIZES);
    const window = { blockSize, limit: blockSize * (1 + random.below(8)) };
    for (let block = queue.next(window); block; block = queue.next(window)) underWay.push(block);
    if (underWay.length > 0 && random.chance(0.25)) {
      underWay = [queue.takeBack(random.pick(SIZES))];
    } else {
      for (const block of underWay.splice(0, 1 + random.below(underWay.length))) {
        queue.underWay.acknowledge(block);
        taken.push(block);
      }
    }
  }
  return {
    received: Buffer.concat(taken.map((block) => block.bytes)),
    seqs: taken.map(({ seq }) => seq),
    sizes: taken.map((block) => block.bytes.length),
  };
}

test.each(Array.from({ length: 50 }, (_, seed) => seed))(
  'schedule %i of block sizes brings the same bytes, whatever was taken back (R161)',
  (seed) => {
    const bytes = pattern(50_000 + 777 * seed);
    const { received, seqs, sizes } = carried(seed, bytes);
    expect(received.equals(bytes)).toBe(true);
    expect(seqs).toEqual(seqs.map((_, index) => index));
    expect(new Set(sizes).size).toBeGreaterThan(3);
  },
);

test.each([
  ['a short rest', 72, 80, [72]],
  ['no more than the recipient takes', 72, 71, [64, 8]],
  ['no longer one', 73, 80, [64, 9]],
])('%s goes with the block before it (R842)', (_, bytes, most, sizes) => {
  const queue = new BlockQueue(most);
  const window = { blockSize: 64, limit: 128 };
  queue.push(pattern(bytes));
  queue.flush();
  const blocks = [queue.next(window), queue.next(window)];
  expect(blocks.flatMap((block) => block?.bytes.length ?? [])).toEqual(sizes);
});

test('a short rest waits where more may come (R842)', () => {
  const queue = new BlockQueue(80);
  queue.push(pattern(72));
  expect(queue.next({ blockSize: 64, limit: 128 })?.bytes).toHaveLength(64);
});

test('a block that is taken back goes again as it was, where that is not too large (R161)', () => {
  const queue = new BlockQueue();
  queue.push(Buffer.from('abcdefgh'));
  const large = { blockSize: 3, limit: 6 };
  expect([queue.next(large), queue.next(large)].map((block) => block?.bytes.toString())).toEqual([
    'abc',
    'def',
  ]);
  const again = queue.takeBack(8);
  expect([again.seq, again.bytes.toString()]).toEqual([0, 'abc']);
  expect(queue.next({ blockSize: 8, limit: 8 })).toBeUndefined();
});

test('a block that is taken back is cut where it is too large (R161)', () => {
  const queue = new BlockQueue();
  queue.push(Buffer.from('abcdef'));
  queue.flush();
  queue.next({ blockSize: 6, limit: 6 });
  const again = queue.takeBack(2);
  expect([again.seq, again.bytes.toString()]).toEqual([0, 'ab']);
  const next = queue.next({ blockSize: 4, limit: 6 });
  expect([next?.seq, next?.bytes.toString()]).toEqual([1, 'cdef']);
});
