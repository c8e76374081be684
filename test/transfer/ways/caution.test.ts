import { describe, expect, test } from '@jest/globals';
import { ChannelBroken, ChannelLost } from '../../../src/protocol/channel.js';
import { BlockQueue } from '../../../src/protocol/ibb/sending/block-queue.js';
import { JingleEnded } from '../../../src/protocol/jingle/session/jingle-ended.js';
import { RequestTimeout } from '../../../src/session/requests.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { StreamError } from '../../../src/session/stream/stream-error.js';
import { xml } from '../../../src/session/xml.js';
import { cautionAfter } from '../../../src/transfer/ways/caution.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';

const endedOver = (condition: string) => {
  const cause = new StreamError(xml('stream:error', {}, xml(condition)));
  return new ConnectionLost('the connection was lost', { cause });
};
const AGAINST_POLICY = endedOver('policy-violation');
const went = (unprovenBlock: number) => ({
  unprovenBlock,
  inBlocks: { blockSize: 4096, window: 4 },
});

const failed = (error: Error, channel: ReturnType<typeof went> | typeof BARE, proven = 0) => ({
  ...{ error, channel, proven },
});
const BARE = { unprovenBlock: 0, inBlocks: undefined };

describe('a server that ended the stream as against its policy', () => {
  test('gets blocks of 4096, one at a time, where none was larger than what it takes (R277)', () => {
    const caution = cautionAfter(failed(AGAINST_POLICY, went(4096)), DEFAULT_SETTINGS);
    expect(caution).toEqual({
      settings: expect.objectContaining({ blockSize: 4096, window: 1 }),
      text: 'blocks that follow each other may be too much for the server; the next ones wait',
      wasOurs: true,
    });
  });

  test('gets smaller blocks first where they may be too large, and then one at a time (R277)', () => {
    const first = cautionAfter(failed(AGAINST_POLICY, went(8192)), DEFAULT_SETTINGS);
    expect(first?.settings).toEqual({ ...DEFAULT_SETTINGS, blockSize: 4096 });
    expect(first?.text).toBe(
      'nothing arrived in blocks of 8192 bytes, which may be too large for a server; the next ones have 4096',
    );
    const second = cautionAfter(
      failed(AGAINST_POLICY, went(4096)),
      first?.settings ?? DEFAULT_SETTINGS,
    );
    expect(second).toMatchObject({ settings: { blockSize: 4096, window: 1 }, wasOurs: true });
  });

  test('gets nothing else where they went one at a time, or not in blocks (R277)', () => {
    const settings = { ...DEFAULT_SETTINGS, window: 1 };
    expect(cautionAfter(failed(AGAINST_POLICY, went(4096)), settings)).toBeUndefined();
    expect(cautionAfter(failed(AGAINST_POLICY, BARE), DEFAULT_SETTINGS)).toBeUndefined();
  });

  test('does not count as our choice where the window was asked for (R277)', () => {
    const settings = { ...DEFAULT_SETTINGS, window: 8 };
    expect(cautionAfter(failed(AGAINST_POLICY, went(4096)), settings)).toMatchObject({
      wasOurs: false,
    });
  });
});

test('another end of the stream changes nothing (R277)', () => {
  expect(cautionAfter(failed(endedOver('reset'), went(4096)), DEFAULT_SETTINGS)).toBeUndefined();
});

describe('blocks that may be too large', () => {
  const cut = new ConnectionLost('the connection was lost');
  const blocksAfter = (error: Error, proven?: number) =>
    cautionAfter(failed(error, went(45_900), proven), DEFAULT_SETTINGS)?.settings.blockSize;

  test('are so where none of them has arrived, however it ended (R773)', () => {
    const unanswered = new ChannelLost('the recipient has stopped answering');
    for (const error of [cut, AGAINST_POLICY, unanswered])
      expect(blocksAfter(error, 8192)).toBe(4096);
  });

  test('are so where the first one was accepted, and never heard of again', () => {
    const cause = new RequestTimeout('no answer');
    const silent = { ...failed(new ChannelLost('gone', { cause }), BARE), channel: undefined };
    expect(cautionAfter(silent, DEFAULT_SETTINGS)?.text).toBe(
      'blocks of more than 4096 bytes may be too large for a server; the next ones have 4096',
    );
  });

  test('are not where as large ones have arrived in an earlier transfer (R773)', () => {
    expect(blocksAfter(cut, 45_900)).toBeUndefined();
    expect(blocksAfter(cut, 48_000)).toBeUndefined();
  });

  test.each([0, 4096])(
    'are not what is left at the end with a block of a safe size, %i bytes proven (R1040)',
    (proven) => {
      const queue = new BlockQueue(48_000);
      queue.push(Buffer.alloc(4096 + 512));
      queue.flush();
      queue.next({ limit: 4096, blockSize: 4096 });
      const { unprovenBlock } = queue.underWay;
      expect(unprovenBlock).toBe(4608);
      expect(cautionAfter(failed(cut, went(unprovenBlock), proven), DEFAULT_SETTINGS)).toBe(
        undefined,
      );
    },
  );

  test.each([
    ['the server was shut down', endedOver('system-shutdown')],
    ['the server has moved', endedOver('host-gone')],
    ['the recipient has gone', new ChannelBroken(1, new JingleEnded({ condition: 'gone' }, false))],
  ])('are not where %s (R773)', (_, error) => {
    expect(blocksAfter(error)).toBeUndefined();
  });
});
