import { describe, expect, test } from '@jest/globals';
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

describe('a server that ended the stream as against its policy', () => {
  test('gets blocks of 4096, one at a time, where none was larger than what it takes (R277)', () => {
    const caution = cautionAfter(AGAINST_POLICY, DEFAULT_SETTINGS, went(4096));
    expect(caution).toMatchObject({ settings: { blockSize: 4096, window: 1 }, wasOurs: true });
  });

  test('gets smaller blocks first where they may be too large, and then one at a time (R277)', () => {
    const first = cautionAfter(AGAINST_POLICY, DEFAULT_SETTINGS, went(8192));
    expect(first?.settings).toEqual({ ...DEFAULT_SETTINGS, blockSize: 4096 });
    const second = cautionAfter(AGAINST_POLICY, first?.settings ?? DEFAULT_SETTINGS, went(4096));
    expect(second).toMatchObject({ settings: { blockSize: 4096, window: 1 }, wasOurs: true });
  });

  test('gets nothing else where they went one at a time, or not in blocks (R277)', () => {
    const settings = { ...DEFAULT_SETTINGS, window: 1 };
    expect(cautionAfter(AGAINST_POLICY, settings, went(4096))).toBeUndefined();
    const bare = { unprovenBlock: 0, inBlocks: undefined };
    expect(cautionAfter(AGAINST_POLICY, DEFAULT_SETTINGS, bare)).toBeUndefined();
  });

  test('does not count as our choice where the window was asked for (R277)', () => {
    const settings = { ...DEFAULT_SETTINGS, window: 8 };
    expect(cautionAfter(AGAINST_POLICY, settings, went(4096))).toMatchObject({ wasOurs: false });
  });
});

test('another end of the stream changes nothing (R277)', () => {
  expect(cautionAfter(endedOver('reset'), DEFAULT_SETTINGS, went(4096))).toBeUndefined();
});
