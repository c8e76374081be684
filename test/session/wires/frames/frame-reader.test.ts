import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader } from '../../../../src/session/wires/frames/frame-reader.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

interface Heard {
  /** The messages that are over. */
  messages: string[];
  pings: string[];
  /** In hexadecimal. */
  closes: string[];
  /** Why no more is read. */
  error: string | undefined;
}

/** What is heard of bytes that come in these parts. */
function read(...parts: Buffer[]): Heard & { texts: string[]; isBetween: boolean } {
  const heard: Heard = { messages: [], pings: [], closes: [], error: undefined };
  const texts: string[] = [];
  let message = '';
  const reader = new FrameReader({
    text: (part) => {
      texts.push(part);
      message += part;
    },
    messageEnd: () => {
      heard.messages.push(message);
      message = '';
    },
    ping: (payload) => heard.pings.push(String(payload)),
    close: (status) => heard.closes.push(status.toString('hex')),
  });
  try {
    for (const part of parts) reader.read(part);
  } catch (error) {
    heard.error = (error as Error).message;
    expect(heard.error).toMatch(/^the server (broke the rules of WebSocket: |sent a binary )/);
  }
  return { ...heard, texts, isBetween: reader.isBetween };
}

const outcome = (...parts: Buffer[]): Heard => {
  const { texts: _texts, isBetween: _isBetween, ...heard } = read(...parts);
  return heard;
};
const nothing: Heard = { messages: [], pings: [], closes: [], error: undefined };

describe('the examples of RFC 6455 §5.7 (R1216)', () => {
  test.each<[string, string, Partial<Heard>]>([
    ['a text message in one frame', '81 05 48656c6c6f', { messages: ['Hello'] }],
    ['a text message in two frames', '01 03 48656c 80 02 6c6f', { messages: ['Hello'] }],
    ['a ping', '89 05 48656c6c6f', { pings: ['Hello'] }],
    [
      'a masked text message, which is a client’s',
      '81 85 37fa213d 7f9f4d5158',
      { error: 'the server broke the rules of WebSocket: a masked frame' },
    ],
    [
      'a masked pong, which is a client’s',
      '8a 85 37fa213d 7f9f4d5158',
      { error: 'the server broke the rules of WebSocket: a masked frame' },
    ],
    [
      '256 bytes that are no text',
      `82 7e 0100 ${'00'.repeat(256)}`,
      { error: 'the server sent a binary WebSocket message' },
    ],
    ['256 bytes of text', `81 7e 0100 ${'61'.repeat(256)}`, { messages: ['a'.repeat(256)] }],
    [
      '64 KiB of text',
      `81 7f 0000000000010000 ${'61'.repeat(65_536)}`,
      { messages: ['a'.repeat(65_536)] },
    ],
  ])('%s', (_what, bytes, heard) => {
    expect(outcome(hex(bytes))).toEqual({ ...nothing, ...heard });
  });
});

const ping = '89 05 48656c6c6f';
/** All that a server may send, with characters of two, three and four bytes, and a ping in the midst of a message. */
const ALL = hex(
  [
    '81 05 48656c6c6f',
    '81 00',
    `01 03 4865c3 ${ping} 00 00 00 02 bce2 8a 00 80 06 9691f09f9880`,
    `81 7e 0100 ${'c3bc'.repeat(128)}`,
    '8a 02 6162',
    '88 05 03e8 627965',
    '81 01 ff',
  ].join(''),
);
const ALL_HEARD: Heard = {
  ...nothing,
  messages: ['Hello', '', 'Heü░😀', 'ü'.repeat(128)],
  pings: ['Hello'],
  closes: ['03e8'],
};

test('frames are read alike wherever they are cut, and nothing behind a close (R1216)', () => {
  expect(outcome(ALL)).toEqual(ALL_HEARD);
  for (let at = 0; at <= ALL.length; at += 1) {
    expect(outcome(ALL.subarray(0, at), ALL.subarray(at))).toEqual(ALL_HEARD);
  }
  expect(outcome(...[...ALL].map((byte) => Buffer.of(byte)))).toEqual(ALL_HEARD);
});

test('a message has begun with its first byte, and a ping begins none (R1222)', () => {
  expect(read(hex('81')).isBetween).toBe(false);
  expect(read(hex('81 02 61')).isBetween).toBe(false);
  expect(read(hex('01 01 61')).isBetween).toBe(false);
  expect(read(hex(`01 01 61 ${ping}`)).isBetween).toBe(false);
  expect(read(hex('81 01 61')).isBetween).toBe(true);
  expect(read(hex('89 05 48')).isBetween).toBe(true);
  expect(read(hex('89')).isBetween).toBe(true);
});

test('a message is handed on as it comes, and none of it is kept (R1215)', () => {
  const part = Buffer.from('ü'.repeat(8_192));
  const parts = Array.from({ length: 64 }, () => part);
  const header = hex('81 7f 0000000001000000');
  expect(read(header, ...parts).texts).toEqual(parts.map(String));
  // In frames that hold next to nothing it is no other.
  const frames = Array.from({ length: 1_000 }, () => hex('00 01 61'));
  expect(read(hex('01 00'), ...frames).texts).toHaveLength(1_000);
});

const payload = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 130 }).map((bytes) => Buffer.from(bytes)),
);
const frame = fc
  .record({
    opcode: fc.constantFrom(0, 0, 1, 1, 1, 2, 8, 9, 10, 3, 15),
    flags: fc.constantFrom(0x80, 0x80, 0x80, 0, 0xc0),
    mask: fc.constantFrom(0, 0, 0, 0, 0x80),
    width: fc.constantFrom('fit', 'fit', 'fit', 'fit', 'two', 'eight'),
    payload,
  })
  .map(({ opcode, flags, mask, width, payload }) => {
    const fit = payload.length < 126 ? 'one' : 'two';
    return Buffer.concat([
      lengthOf(flags | opcode, mask, width === 'fit' ? fit : width, payload.length),
      payload,
    ]);
  });

function lengthOf(first: number, mask: number, width: string, length: number): Buffer {
  if (width === 'one') return Buffer.of(first, mask | length);
  const header = Buffer.of(first, mask | (width === 'two' ? 126 : 127));
  const more = Buffer.alloc(width === 'two' ? 2 : 8);
  more.writeUIntBE(length, more.length - 2, 2);
  return Buffer.concat([header, more]);
}

test('whatever a server sends is read alike wherever it is cut, and ends the reading by its own error alone (R1217)', () => {
  const stream = fc.record({
    frames: fc.array(frame, { maxLength: 12 }),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    cuts: fc.array(fc.nat(), { maxLength: 12 }),
  });
  const check = fc.property(stream, ({ frames, changes, cuts }) => {
    const bytes = Buffer.concat(frames);
    for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
    const places = cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b);
    const ends = [...places, bytes.length];
    const parts = ends.map((end, index) => bytes.subarray(places[index - 1] ?? 0, end));
    const whole = outcome(bytes);
    expect(outcome(...parts)).toEqual(whole);
    expect(outcome(...[...bytes].map((byte) => Buffer.of(byte)))).toEqual(whole);
  });
  fc.assert(check, { numRuns: 500 });
});
