import { setMaxListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { type Slot, Slots } from '../../../src/transfer/sending/slots.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const LARGE = 10_000_000;

function places(most = 8) {
  const clock = new ManualClock();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const all = new Slots(most, stop.signal, clock);
  const entered: Slot[] = [];
  /** Files of these sizes want to be sent. */
  const want = async (...sizes: (number | undefined)[]) => {
    for (const size of sizes) void all.enter(size).then((place) => entered.push(place));
    await settled();
  };
  const accept = async (slot: Slot | undefined, ms = 1) => {
    slot?.offered();
    await clock.advance(ms);
    slot?.accepted(true);
    await settled();
  };
  return { clock, stop, all, entered, want, accept };
}

const small = (count: number) => Array.from({ length: count }, () => 10);

test('one file is alone until the recipient has accepted it, and then there are more and more (R222)', async () => {
  const { entered, want, accept } = places();
  await want(...small(20));
  const under: number[] = [];
  for (let index = 0; index < 5; index += 1) {
    under.push(entered.length);
    await accept(entered[index]);
  }
  expect(under).toEqual([1, 2, 3, 4, 5]);
});

test('there are never more than may be', async () => {
  const { entered, want, accept } = places(3);
  await want(...small(20));
  for (let index = 0; index < 3; index += 1) await accept(entered[index]);
  expect(entered).toHaveLength(3);
  entered[0]?.leave();
  await settled();
  expect(entered).toHaveLength(4);
});

test('a recipient that does not say when it takes no more gets one at a time', async () => {
  const { entered, want } = places();
  await want(...small(3));
  entered[0]?.offered();
  entered[0]?.accepted(false);
  await settled();
  expect(entered).toHaveLength(1);
  entered[0]?.leave();
  await settled();
  expect(entered).toHaveLength(2);
});

test('one that is refused for now waits for another of ours, and then comes first (R222)', async () => {
  const { entered, want, accept } = places();
  await want(...small(9));
  for (let index = 0; index < 2; index += 1) await accept(entered[index]);
  expect(entered).toHaveLength(3);
  const again = entered[2]?.again(false);
  await settled();
  entered[0]?.leave();
  expect(await again).toBe(true);
  expect(entered).toHaveLength(3);
  // Two have slots, and no more are tried for a while.
  await accept(entered[2]);
  expect(entered).toHaveLength(3);
});

test('more are tried again later', async () => {
  const { clock, entered, want, accept } = places();
  await want(...small(9));
  await accept(entered[0]);
  const again = entered[1]?.again(false);
  entered[0]?.leave();
  await again;
  await clock.advance(30_000);
  await accept(entered[1]);
  expect(entered.length).toBeGreaterThan(2);
});

test('one that is refused for now, and is alone, is not waited with', async () => {
  const { entered, want } = places();
  await want(...small(2));
  expect(await entered[0]?.again(false)).toBe(false);
  expect(entered).toHaveLength(1);
});

test('of those that are broken off one tries again, and the others follow when it was accepted (R222)', async () => {
  const { entered, want, accept } = places();
  await want(...small(3));
  await accept(entered[0]);
  await accept(entered[1]);
  const outcomes: [number, boolean][] = [];
  for (const [index, slot] of entered.entries()) {
    void slot.again(true).then((isKnown) => outcomes.push([index, isKnown]));
  }
  await settled();
  expect(outcomes).toEqual([[0, false]]);
  await accept(entered[0]);
  entered[0]?.leave();
  await settled();
  expect(outcomes).toEqual([
    [0, false],
    [1, true],
  ]);
});

test('large files are sent one at a time, and others wait until their bytes are read (R223)', async () => {
  const { entered, want, accept } = places();
  await want(10, LARGE, undefined, 10);
  await accept(entered[0]);
  await accept(entered[1]);
  expect(entered).toHaveLength(2);
  entered[1]?.read();
  await settled();
  expect(entered).toHaveLength(3);
  entered[2]?.leave();
  await settled();
  expect(entered).toHaveLength(4);
});

test('there are fewer where offers take longer because of them (R223)', async () => {
  const { entered, want, accept } = places();
  await want(...small(20));
  await accept(entered[0], 10);
  await accept(entered[1], 10);
  expect(entered).toHaveLength(3);
  await accept(entered[2], 2_000);
  entered[0]?.leave();
  await settled();
  expect(entered).toHaveLength(3);
});

test('who waits for a place hears of the end', async () => {
  const { stop, all, want } = places();
  await want(10);
  const waits = all.enter(10);
  stop.abort(new Error('enough'));
  await expect(waits).rejects.toThrow('enough');
  await expect(all.enter(10)).rejects.toThrow('enough');
});
