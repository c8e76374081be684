import { describe, expect, test } from '@jest/globals';
import { formatSidecar, isExpired, parseSidecar } from '../../../src/storage/blobs/blob-sidecar.js';

const storedAt = new Date('2026-01-02T03:04:05.678Z');

describe('a sidecar', () => {
  test.each([
    { type: 'image/png', size: 12, maxAge: 60, storedAt, from: 'romeo@montague.example/orchard' },
    { type: 'image/png', size: 0, storedAt },
  ])('is read as it was written: %j', (sidecar) => {
    expect(parseSidecar(formatSidecar(sidecar))).toEqual(sidecar);
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '{}',
    '{"type":1,"size":1,"storedAt":"2026-01-02T03:04:05.678Z"}',
    '{"type":"a/b","size":-1,"storedAt":"2026-01-02T03:04:05.678Z"}',
    '{"type":"a/b","size":1.5,"storedAt":"2026-01-02T03:04:05.678Z"}',
    '{"type":"a/b","size":1,"storedAt":"yesterday"}',
    '{"type":"a/b","size":1,"storedAt":1767323045678}',
    '{"type":"a/b","size":1,"storedAt":"2026-01-02T03:04:05.678Z","maxAge":"60"}',
    '{"type":"a/b","size":1,"storedAt":"2026-01-02T03:04:05.678Z","maxAge":1e99}',
    '{"type":"a/b","size":1,"storedAt":"2026-01-02T03:04:05.678Z","from":7}',
  ])('is not read from %s', (text) => {
    expect(parseSidecar(text)).toBeUndefined();
  });
});

describe('a blob', () => {
  const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

  test.each([
    ['lives at once', 60, 0, false],
    ['lives until its max-age is over', 60, 59_999, false],
    ['is expired when its max-age is over', 60, 60_000, true],
    ['lives though the clock went back five minutes', 60, -300_000, false],
    ['is expired when the clock went back further', 60, -300_001, true],
    ['is expired when the clock went back a year', 60, -YEAR_MS, true],
    ['is expired when the clock went ahead a year', 60, YEAR_MS, true],
    ['lives beyond 2^31 ms', 2 ** 31 / 500, 2 ** 31, false],
    ['without a max-age lives for ever', undefined, 100 * YEAR_MS, false],
    ['without a max-age lives whatever the clock did', undefined, -YEAR_MS, false],
  ])('%s', (_, maxAge, later, expired) => {
    const sidecar = { type: 'a/b', size: 1, maxAge, storedAt };
    expect(isExpired(sidecar, storedAt.getTime() + later)).toBe(expired);
  });
});
