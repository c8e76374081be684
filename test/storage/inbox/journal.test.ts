import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Journal, journalText, parseJournal } from '../../../src/storage/inbox/journal.js';

const JOURNAL = {
  identity: 'a'.repeat(64),
  account: 'c'.repeat(64),
  bytestream: 'b'.repeat(64),
  name: 'report.pdf',
  size: 10,
  durable: 5,
  sha256: '0'.repeat(64),
  placeholder: 'report (1).pdf',
  started: '2026-01-01T00:00:00.000Z',
  updated: '2026-01-02T00:00:00.000Z',
};

const parse = (changes: object) => parseJournal(JSON.stringify({ ...JOURNAL, ...changes }));

test('is read as it was written', () => {
  expect(JSON.parse(journalText(parse({}) as Journal))).toEqual(JOURNAL);
  const { durable, sha256, started, updated } = JOURNAL;
  const least = JSON.stringify({ durable, sha256, started, updated });
  expect(journalText(parseJournal(least) as Journal)).toBe(least);
});

test.each([
  { identity: 'alice' },
  { identity: 'A'.repeat(64) },
  { identity: null },
  { account: 'alice@example.org' },
  { bytestream: 's1 romeo@montague.example/a' },
  { name: 1 },
  { name: 'x'.repeat(1025) },
  { size: -1 },
  { size: 4 },
  { size: '10' },
  { size: 1e300 },
  { durable: undefined },
  { durable: 0.5 },
  { durable: -1 },
  { durable: 11 },
  { sha256: undefined },
  { sha256: '0'.repeat(63) },
  { sha256: ['0'.repeat(64)] },
  { placeholder: '' },
  { placeholder: '.' },
  { placeholder: '..' },
  { placeholder: '.bashrc' },
  { placeholder: '../a' },
  { placeholder: '/etc/passwd' },
  { placeholder: 'a/../b' },
  { placeholder: 'a\0' },
  { placeholder: 'x'.repeat(256) },
  { placeholder: 5 },
  { started: '2026-01-01' },
  { started: undefined },
  { updated: 1 },
  { updated: 'soon' },
  { updated: '9999999-01-01T00:00:00.000Z' },
])('with %j is none', (changes) => {
  expect(parse(changes)).toBeUndefined();
});

test.each(['', '{', 'null', '[]', '1', '"x"', '{}'])('%s is none', (text) => {
  expect(parseJournal(text)).toBeUndefined();
});

test('whatever is in the file, reading it does not throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.object().map((object) => JSON.stringify({ ...JOURNAL, ...object })),
      ),
      (text) => {
        parseJournal(text);
      },
    ),
    { numRuns: 1000 },
  );
});
