import { describe, expect, test } from '@jest/globals';
import { type Entry, FilesUnderWay } from '../../../src/transfer/receiving/files-under-way.js';
import { StillUnderWay } from '../../../src/transfer/reception-errors.js';
import type { IncomingOffer } from '../../../src/transfer/ways/incoming.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const never = new AbortController().signal;

/** The same file each time, from another resource; notes what it was failed with. */
function offer(resource: string, size = 100) {
  const failures: string[] = [];
  const hashes = new Map([['sha-256', Buffer.alloc(32)]]);
  const file = {
    ...{ peer: `romeo@montague.example/${resource}`, ranged: true, hashFunctions: ['sha-256'] },
    offer: { name: 'letter.txt', size, hashes },
    fail: (error: Error) => void failures.push(error.name),
  } as unknown as IncomingOffer;
  return { file, failures };
}

async function twice(between: (moved: () => void) => void, size?: number) {
  const clock = new ManualClock();
  const files = new FilesUnderWay(clock);
  const [first, second] = [offer('one'), offer('two', size)];
  const place = await files.enter(first.file, never);
  let hasEntered = false;
  const entering = files.enter(second.file, never).then(() => {
    hasEntered = true;
  });
  await settled();
  const atOnce = hasEntered;
  between(() => place.moved());
  await clock.advance(5_000);
  return { atOnce, failures: first.failures, isIn: () => hasEntered, place, entering };
}

test('a stalled transfer gives way when its file is offered again, as soon as it has ended', async () => {
  const { atOnce, failures, isIn, place, entering } = await twice(() => undefined);
  expect(atOnce).toBe(false);
  expect(failures).toEqual(['OfferedAgain']);
  expect(isIn()).toBe(false);
  place.leave(false);
  await entering;
});

test('a transfer that ends while it is watched, as when the connection goes, is not watched any longer', async () => {
  const files = new FilesUnderWay(new ManualClock());
  const first = await files.enter(offer('one').file, never);
  const entering = files.enter(offer('two').file, never);
  first.leave(false);
  await entering;
});

test('a transfer that goes on stays beside one of the same file', async () => {
  const { failures, entering } = await twice((moved) => moved());
  await entering;
  expect(failures).toEqual([]);
});

test('another file does not wait', async () => {
  const { atOnce, failures } = await twice(() => undefined, 101);
  expect(atOnce).toBe(true);
  expect(failures).toEqual([]);
});

// A sender whose connection had broken was declined, as its own dead transfer held the last place.
test('a file takes the place of its own stalled transfer where there is no other, one at a time', async () => {
  const clock = new ManualClock();
  const files = new FilesUnderWay(clock);
  const [first, second, third] = [offer('one'), offer('two'), offer('three')];
  expect(files.claim(first.file)).toBeUndefined();
  const place = await files.enter(first.file, never);
  expect(files.claim(second.file)).toBe(first.file);
  expect(files.claim(offer('two', 101).file)).toBeUndefined();
  const entering = files.enter(second.file, never, true);
  expect(files.claim(third.file)).toBeUndefined();
  await clock.advance(5_000);
  expect(first.failures).toEqual(['OfferedAgain']);
  place.leave(false);
  await entering;
  expect(files.claim(third.file)).toBe(second.file);
});

// What is sealed waits before it enters, until it has shown whose it is: any number of copies could wait with it.
test('a place is claimed by one, from the first moment until that is over (R644)', async () => {
  const files = new FilesUnderWay(new ManualClock());
  const [first, second, third] = [offer('one'), offer('two'), offer('three')];
  await files.enter(first.file, never);
  expect(files.claim(second.file)).toBe(first.file);
  expect(files.claim(third.file)).toBeUndefined();
  files.release(third.file);
  expect(files.claim(third.file)).toBeUndefined();
  files.release(second.file);
  expect(files.claim(third.file)).toBe(first.file);
});

test('a file does not take the place of its own transfer that goes on', async () => {
  const clock = new ManualClock();
  const files = new FilesUnderWay(clock);
  const [first, second] = [offer('one'), offer('two')];
  const place = await files.enter(first.file, never);
  const entering = files.enter(second.file, never, true);
  const refused = expect(entering).rejects.toThrow(StillUnderWay);
  place.moved();
  await clock.advance(5_000);
  await refused;
  await expect(entering).rejects.toThrow('it is being received already');
  expect(first.failures).toEqual([]);
  // It may stall later, and give way to the next try.
  expect(files.claim(offer('three').file)).toBe(first.file);
});

// What is to be done for it keeps its place, as long as that takes.
test('a file does not take the place of one that arrives meanwhile', async () => {
  const files = new FilesUnderWay(new ManualClock());
  const [first, second] = [offer('one'), offer('two')];
  const place = await files.enter(first.file, never);
  const entering = files.enter(second.file, never, true);
  place.leave(true);
  await expect(entering).rejects.toThrow(StillUnderWay);
  expect(files.claim(second.file)).toBeUndefined();
});

describe('a file that was seen stalled before its next offer had shown whose it is', () => {
  async function watched(between: (entry: Entry) => void, bytes = 40) {
    const clock = new ManualClock();
    const files = new FilesUnderWay(clock);
    const [first, second] = [offer('one'), offer('two')];
    const entry = await files.enter(first.file, never);
    entry.reached(bytes);
    const left = files.letEnd(second.file, never);
    between(entry);
    await clock.advance(5_000);
    return { clock, files, first, second, entry, left: await left };
  }

  test('gives way at once, and leaves what is there (R770)', async () => {
    const { files, first, second, entry, left } = await watched(() => undefined);
    expect([left, first.failures]).toEqual([40, []]);
    const entering = files.enter(second.file, never);
    await settled();
    expect(first.failures).toEqual(['OfferedAgain']);
    entry.leave(false);
    await entering;
  });

  test('gives way as well where nothing of it has come (R1042)', async () => {
    expect((await watched(() => undefined, 0)).left).toBe(0);
  });

  test('stays where it goes on after all, or has gone on meanwhile (R770)', async () => {
    const late = await watched(() => undefined);
    late.entry.moved();
    await late.files.enter(late.second.file, never);
    expect(late.first.failures).toEqual([]);
    const early = await watched((entry) => entry.moved());
    expect(early.left).toBeUndefined();
  });

  test('leaves nothing that is not kept already where it has ended (R770)', async () => {
    const { files, second, left } = await watched((entry) => entry.leave(false));
    expect(left).toBeUndefined();
    await files.enter(second.file, never);
  });
});
