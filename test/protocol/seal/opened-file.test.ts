import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { CipherState } from '../../../src/protocol/noise/cipher-state.js';
import { FrameSealer } from '../../../src/protocol/seal/frames.js';
import { OpenedFile } from '../../../src/protocol/seal/opened-file.js';
import { SealBroken } from '../../../src/protocol/seal/seal-broken.js';

const KEY = Buffer.alloc(32, 1);
const NOTHING = Buffer.alloc(0);
const A = Buffer.from('a');
const CHECKSUM = Buffer.from('<checksum/>');

type Message = [type: number, data: Uint8Array];

/** What an honest sender with odd habits writes. */
function sealed(...messages: Message[]): Buffer {
  const frames = new FrameSealer(new CipherState(KEY));
  return Buffer.concat(messages.flatMap(([type, data]) => frames.seal(type, data)));
}

function open(bytes: Buffer, { hasChecksum = false, blockSize = bytes.length || 1 } = {}) {
  const file = new OpenedFile(new CipherState(KEY), hasChecksum);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += blockSize) {
    file.take(bytes.subarray(at, at + blockSize));
    for (let chunk = file.next(); chunk; chunk = file.next()) chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString(), isWhole: file.isWhole, checksum: file.checksum };
}

describe('what was sealed opens', () => {
  test.each<[string, Message[], string]>([
    ['in one chunk', [[0x01, A]], 'a'],
    [
      'in several',
      [
        [0x00, A],
        [0x00, A],
        [0x01, A],
      ],
      'aaa',
    ],
    [
      'with an empty last one',
      [
        [0x00, A],
        [0x01, NOTHING],
      ],
      'a',
    ],
    ['of an empty file', [[0x01, NOTHING]], ''],
    [
      'deflated',
      [
        [0x10, deflateRawSync(A)],
        [0x11, deflateRawSync(A)],
      ],
      'aa',
    ],
    [
      'deflated, with an empty last one',
      [
        [0x00, A],
        [0x11, deflateRawSync(NOTHING)],
      ],
      'a',
    ],
    [
      'partly deflated',
      [
        [0x00, A],
        [0x10, deflateRawSync(A)],
        [0x01, A],
      ],
      'aaa',
    ],
  ])('%s, in pieces of whatever size', (_how, messages, text) => {
    const bytes = sealed(...messages);
    for (const blockSize of [1, 2, 3, 19, bytes.length]) {
      expect(open(bytes, { blockSize })).toEqual({ text, isWhole: true, checksum: undefined });
    }
  });

  test.each<[string, Message[]]>([
    [
      'before the bytes',
      [
        [0x02, CHECKSUM],
        [0x00, A],
        [0x01, NOTHING],
      ],
    ],
    [
      'before the last',
      [
        [0x00, A],
        [0x02, CHECKSUM],
        [0x01, NOTHING],
      ],
    ],
  ])('with a hash %s', (_where, messages) => {
    const opened = open(sealed(...messages), { hasChecksum: true });
    expect(opened).toEqual({ text: 'a', isWhole: true, checksum: '<checksum/>' });
  });

  test('is not whole without the last', () => {
    expect(open(sealed([0x00, A]))).toMatchObject({ text: 'a', isWhole: false });
    expect(open(sealed([0x01, A]).subarray(0, -1))).toMatchObject({ text: '', isWhole: false });
    expect(open(NOTHING)).toMatchObject({ isWhole: false });
  });
});

describe('what has come opens in pieces that are worth a write', () => {
  const pieces = (bytes: Buffer) => {
    const file = new OpenedFile(new CipherState(KEY), false);
    file.take(bytes);
    const lengths: number[] = [];
    for (let bytes = file.next(); bytes; bytes = file.next()) lengths.push(bytes.length);
    return lengths;
  };

  test('of all messages of a block (R460)', () => {
    expect(pieces(sealed([0x00, A], [0x10, deflateRawSync(A)], [0x00, A]))).toEqual([3]);
  });

  test('of little more than 256 KiB, however much a block becomes (R460)', () => {
    const zeros = deflateRawSync(Buffer.alloc(65_536));
    const messages = Array<Message>(10).fill([0x10, zeros]);
    expect(pieces(sealed(...messages))).toEqual([262_144, 262_144, 131_072]);
  });
});

describe('what was sealed is broken', () => {
  test.each<[string, Message[]]>([
    ['with a type that nobody knows', [[0x03, A]]],
    ['with another one', [[0x12, CHECKSUM]]],
    ['with one of many bits', [[0x80, A]]],
    ['with an empty chunk that is not the last', [[0x00, NOTHING]]],
    ['with an empty deflated one', [[0x10, deflateRawSync(NOTHING)]]],
    [
      'with bytes behind the last',
      [
        [0x01, A],
        [0x00, A],
      ],
    ],
    [
      'with two ends',
      [
        [0x01, A],
        [0x01, A],
      ],
    ],
    [
      'with a hash behind the last',
      [
        [0x01, A],
        [0x02, CHECKSUM],
      ],
    ],
    [
      'with a hash that nobody needs',
      [
        [0x02, CHECKSUM],
        [0x01, A],
      ],
    ],
    ['with what is not deflated', [[0x10, Buffer.alloc(10, 0xff)]]],
    ['with half of what is deflated', [[0x10, deflateRawSync(A).subarray(0, -1)]]],
    ['with something behind what is deflated', [[0x10, Buffer.concat([deflateRawSync(A), A])]]],
    ['with more than 65,536 bytes in a chunk', [[0x10, deflateRawSync(Buffer.alloc(65_537))]]],
  ])('%s', (_what, messages) => {
    expect(() => open(sealed(...messages))).toThrow(SealBroken);
    expect(() => open(sealed(...messages))).toThrow(
      'what came was altered on the way, or is not whole',
    );
  });

  test.each<[string, Message[]]>([
    ['without the hash that is to come', [[0x01, A]]],
    [
      'with two of them',
      [
        [0x02, CHECKSUM],
        [0x02, CHECKSUM],
        [0x01, A],
      ],
    ],
  ])('%s', (_what, messages) => {
    expect(() => open(sealed(...messages), { hasChecksum: true })).toThrow(SealBroken);
  });

  test.each([0, 1, 15, 16, 16_402, 65_535])('with a message of %i bytes', (length) => {
    const bytes = Buffer.alloc(2 + length);
    bytes.writeUInt16BE(length);
    expect(() => open(bytes)).toThrow(SealBroken);
    expect(() => open(bytes.subarray(0, 2))).toThrow(SealBroken); // nothing is waited for
  });

  test('with a message of nothing, though it was sealed', () => {
    const message = new CipherState(KEY).encryptWithAd(NOTHING, NOTHING);
    expect(() => open(Buffer.concat([Buffer.of(0, message.length), message]))).toThrow(SealBroken);
  });
});

test('no more than 16,384 bytes are sealed in a chunk', () => {
  const most = Buffer.alloc(16_384, 'a');
  expect(open(sealed([0x01, most])).text).toBe(most.toString());
  expect(() => sealed([0x01, Buffer.alloc(16_385)])).toThrow(RangeError);
});

test('65,536 bytes in a chunk open', () => {
  const { text, isWhole } = open(sealed([0x11, deflateRawSync(Buffer.alloc(65_536, 'a'))]));
  expect([text.length, isWhole]).toEqual([65_536, true]);
});
