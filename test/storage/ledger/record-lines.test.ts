import { expect, test } from '@jest/globals';
import { readLine, recordLine } from '../../../src/storage/ledger/record-lines.js';
import type { FileRecord } from '../../../src/transfer/receiving/ledger.js';

const PLAIN: FileRecord = {
  ...{ id: '0f8fad5b-d9cb-469f-a165-70867728950e', account: 'a@b', peer: 'a@b/c' },
  ...{ offered: ['letter'], path: 'letter', size: 6, sha256: 'a'.repeat(64), at: new Date(0) },
  trace: { inode: 1, modified: 2, changed: 3 },
};
const SEALED: FileRecord = { ...PLAIN, sealedBy: 'a'.repeat(52), trust: 'first' };

test.each([
  ['in the clear', PLAIN],
  ['sealed', SEALED],
  ['on a disk that tells when it was made', { ...PLAIN, trace: { ...PLAIN.trace, born: 1.5 } }],
  ['as a program', { ...SEALED, isChangingMode: true } as FileRecord],
])('a record of what came %s is read as it was written (R538, R643)', (_, record) => {
  expect(readLine(recordLine(record))).toStrictEqual({ record });
});

test.each([
  ['a trust that is none', '"trust":"first"', '"trust":"blind"'],
  ['a key in another form', 'aa","trust"', 'ab","trust"'],
])('a record with %s is damaged (R538)', (_, from, to) => {
  const line = recordLine(SEALED);
  expect(line).toContain(from);
  expect(readLine(line.replace(from, to))).toBeUndefined();
});
