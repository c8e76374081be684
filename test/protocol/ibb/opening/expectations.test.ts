import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { ChannelNotOpened } from '../../../../src/protocol/channel.js';
import type { Bytestream } from '../../../../src/protocol/ibb/bytestream.js';
import { Expectations } from '../../../../src/protocol/ibb/opening/expectations.js';

const STREAM = {} as Bytestream;
const PEER = 'romeo@montague.example/orchard';

let expected: Expectations;

beforeEach(() => {
  jest.useFakeTimers();
  expected = new Expectations();
});

afterEach(() => {
  jest.useRealTimers();
});

const outcomes = [
  ['cut', () => expected.failAll(new Error('cut'))],
  ['interrupted', (giveUp: AbortController) => giveUp.abort(new Error('interrupted'))],
  ['refused', () => expected.fail('key', new Error('refused'))],
  ['did not open the bytestream', () => jest.advanceTimersByTime(60_000)],
] as const;

test.each(outcomes)('what is expected no more, being %s, leaves no timer', async (message, end) => {
  const giveUp = new AbortController();
  const opened = expected.add('key', PEER, { timeout: 60_000, signal: giveUp.signal });
  expect(jest.getTimerCount()).toBe(1);
  end(giveUp);
  await expect(opened).rejects.toThrow(message);
  expect(jest.getTimerCount()).toBe(0);
  expect(expected.settle('key', STREAM)).toBe(false);
});

test('what is expected is waited for until the time is up, and not longer', async () => {
  const opened = expected.add('key', PEER, { timeout: 60_000 });
  const late = expect(opened).rejects.toThrow(ChannelNotOpened);
  jest.advanceTimersByTime(59_999);
  expect(jest.getTimerCount()).toBe(1);
  jest.advanceTimersByTime(1);
  await late;
});

test('those who expect something tell who waited', async () => {
  const opened = expected.add('key', PEER, { timeout: 60_000 });
  expect(expected.settle('another', STREAM)).toBe(false);
  expect(expected.settle('key', STREAM)).toBe(true);
  expect(await opened).toBe(STREAM);
});

test('what one account has announced and never opened makes that of others no less known (R107)', async () => {
  const giveUp = async (key: string, peer: string) => {
    const opened = expected.add(key, peer, { timeout: 60_000 });
    expected.fail(key, new Error('late'));
    await expect(opened).rejects.toThrow('late');
  };
  await giveUp('key', PEER);
  for (let count = 0; count < 300; count += 1) await giveUp(`evil${count}`, `evil@x/${count}`);
  expect(expected.wasGivenUp('key', PEER)).toBe(true);
  expect(expected.wasGivenUp('evil0', 'evil@x/0')).toBe(false);
  expect(expected.wasGivenUp('evil299', 'evil@x/299')).toBe(true);
  expect(expected.wasGivenUp('evil299', PEER)).toBe(false);
});
