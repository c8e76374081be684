import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ChunkCutter, inflate } from '../../../src/protocol/seal/chunks.js';

const TEXT = Buffer.from(Array.from({ length: 40_000 }, (_, at) => `line ${at * at}\n`).join(''));

function restored(cutter: ChunkCutter, bytes: Buffer) {
  const chunks = [...cutter.cut(bytes)];
  const back = chunks.map(({ data, isDeflated }) => (isDeflated ? inflate(data) : data));
  expect(Buffer.concat(back).equals(bytes)).toBe(true);
  expect(back.map(({ length }) => length)).toEqual(chunks.map(({ length }) => length));
  return chunks;
}

describe('chunks', () => {
  test.each([
    ['text', TEXT],
    ['zeros', Buffer.alloc(500_000)],
    ['random bytes', randomBytes(200_000)],
    ['text, then random bytes', Buffer.concat([TEXT, randomBytes(200_000)])],
    ['few bytes', Buffer.from('abc')],
    ['none', Buffer.alloc(0)],
  ])('of %s have at most 16,384 bytes, and bring all', (_what, bytes) => {
    for (const mayDeflate of [true, false]) {
      for (const { data, length } of restored(new ChunkCutter(mayDeflate), bytes)) {
        expect(data.length).toBeLessThanOrEqual(16_384);
        expect(length).toBeLessThanOrEqual(65_536);
        expect(data.length).toBeLessThanOrEqual(length);
      }
    }
  });

  test('of text are deflated', () => {
    const chunks = restored(new ChunkCutter(true), TEXT);
    expect(chunks.every(({ isDeflated }) => isDeflated)).toBe(true);
    expect(chunks.length).toBeLessThan(TEXT.length / 16_384 / 1.5);
  });

  test('of zeros hold as much as a chunk may', () => {
    const [first] = restored(new ChunkCutter(true), Buffer.alloc(200_000));
    expect(first?.length).toBe(65_536);
  });

  test('are not deflated where it is not wished, or where the first bytes do not shrink', () => {
    const isPlain = (chunks: { isDeflated: boolean }[]) =>
      chunks.every(({ isDeflated }) => !isDeflated);
    expect(isPlain(restored(new ChunkCutter(false), TEXT))).toBe(true);
    const cutter = new ChunkCutter(true);
    expect(isPlain(restored(cutter, randomBytes(20_000)))).toBe(true);
    expect(isPlain(restored(cutter, TEXT))).toBe(true);
  });

  test('of a few bytes decide nothing', () => {
    const cutter = new ChunkCutter(true);
    restored(cutter, randomBytes(1023));
    expect(restored(cutter, TEXT).some(({ isDeflated }) => isDeflated)).toBe(true);
  });
});
