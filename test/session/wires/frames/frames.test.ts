import { describe, expect, test } from '@jest/globals';
import { Opcode } from '../../../../src/session/wires/frames/frame-header.js';
import { controlFrame, messages } from '../../../../src/session/wires/frames/frames.js';

interface Frame {
  first: number;
  key: string;
  payload: string;
}

/** Reads frames of a client as RFC 6455 §5.2 and §5.3 have them. */
function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at < bytes.length) {
    const [first = 0, second = 0] = bytes.subarray(at);
    expect(second & 0x80).toBe(0x80);
    let length = second & 0x7f;
    at += 2;
    const more = length === 126 ? 2 : length === 127 ? 6 : 0;
    if (length === 127) at += 2;
    if (more > 0) length = bytes.readUIntBE(at, more);
    at += more;
    const key = bytes.subarray(at, at + 4);
    at += 4;
    const payload = bytes
      .subarray(at, at + length)
      .map((byte, index) => byte ^ (key[index % 4] as number));
    at += length;
    frames.push({ first, key: key.toString('hex'), payload: Buffer.from(payload).toString() });
  }
  expect(at).toBe(bytes.length);
  return frames;
}

describe('frames of a client (R1216)', () => {
  test('have each message whole, in no more bytes than its length takes', () => {
    const sizes = [0, 1, 125, 126, 65_535, 65_536];
    const texts = [...sizes.map((size) => 'x'.repeat(size)), 'Hello', 'ü😀'.repeat(50)];
    const frames = framesIn(messages(texts));
    expect(frames.map(({ payload }) => payload)).toEqual(texts);
    expect(new Set(frames.map(({ first }) => first))).toEqual(new Set([0x81]));
    const headers = sizes.map((size) => messages(['x'.repeat(size)]).length - size);
    expect(headers).toEqual([6, 6, 6, 8, 8, 14]);
  });

  test('are masked each by a key of its own', () => {
    const frames = framesIn(messages(Array.from({ length: 100 }, () => 'Hello')));
    expect(new Set(frames.map(({ key }) => key)).size).toBe(100);
  });

  test('that say something of the connection have their kind and a masked payload', () => {
    const [frame] = framesIn(controlFrame(Opcode.pong, Buffer.from('Hello')));
    expect(frame).toMatchObject({ first: 0x8a, payload: 'Hello' });
    expect(framesIn(controlFrame(Opcode.close, Buffer.alloc(0)))).toMatchObject([
      { first: 0x88, payload: '' },
    ]);
  });
});
