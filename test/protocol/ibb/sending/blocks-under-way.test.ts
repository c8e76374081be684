import { expect, test } from '@jest/globals';
import {
  type Block,
  BlocksUnderWay,
} from '../../../../src/protocol/ibb/sending/blocks-under-way.js';

const block = (seq: number, bytes: number): Block => ({
  ...{ seq, bytes: Buffer.alloc(bytes), sentAt: 0 },
});

test('a block that has arrived proves its size, though one before it has no answer (R773)', () => {
  const underWay = new BlocksUnderWay();
  const [first, second] = [block(0, 4096), block(1, 45_900)];
  underWay.add(first);
  underWay.add(second);
  expect([underWay.provenBlock, underWay.unprovenBlock]).toEqual([0, 45_900]);
  second.outcome = 'taken';
  expect([underWay.provenBlock, underWay.unprovenBlock]).toEqual([45_900, 0]);
  first.outcome = 'taken';
  underWay.acknowledgeFirst();
  underWay.add(block(2, 48_000));
  expect([underWay.provenBlock, underWay.unprovenBlock]).toEqual([45_900, 48_000]);
});
