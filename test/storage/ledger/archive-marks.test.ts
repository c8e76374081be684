import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ArchiveMarksOnDisk } from '../../../src/storage/ledger/archive-marks.js';

const [OWN, JULIET] = ['romeo@montague.example', 'juliet@capulet.example'];
const AT = new Date('2026-01-02T03:04:05Z');

let inbox: string;
let path: string;
beforeEach(() => {
  inbox = mkdtempSync(join(tmpdir(), 'inband-marks-'));
  mkdirSync(join(inbox, '.inband'));
  path = join(inbox, '.inband', 'links');
});
afterEach(() => rmSync(inbox, { recursive: true }));

const marks = () => new ArchiveMarksOnDisk(inbox);

test('marks are there in the next run, of each account by itself (R937)', async () => {
  const before = marks();
  await Promise.all([
    before.write(OWN, JULIET, { id: 'a1', at: AT }),
    before.write(OWN, 'nurse@capulet.example', {}),
    before.write('other@montague.example', JULIET, { id: 'b1' }),
  ]);
  await before.write(OWN, JULIET, { id: 'a2', at: AT });
  const after = marks();
  expect(await after.read(OWN, JULIET)).toEqual({ id: 'a2', at: AT });
  expect(await after.read(OWN, 'nurse@capulet.example')).toEqual({});
  expect(await after.read('other@montague.example', JULIET)).toEqual({ id: 'b1' });
  expect(await after.read(JULIET, OWN)).toBeUndefined();
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('one that says nothing new is not written again (R937)', async () => {
  await marks().write(OWN, JULIET, { id: 'a1', at: AT });
  const { ino } = statSync(path);
  await marks().write(OWN, JULIET, { id: 'a1', at: AT });
  expect(statSync(path).ino).toBe(ino);
});

test.each(['', '{', '[]', '{"inband":"links","version":2,"marks":{}}', '{"inband":"ledger"}'])(
  'a file with %j in it says nothing (R937)',
  async (text) => {
    writeFileSync(path, text);
    expect(await marks().read(OWN, JULIET)).toBeUndefined();
    await marks().write(OWN, JULIET, { id: 'a1' });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ inband: 'links', version: 1 });
  },
);

test('a mark that is none is left out (R937)', async () => {
  const key = `${OWN} ${JULIET}`;
  for (const mark of [{ id: 7 }, { id: '' }, { id: 'x'.repeat(257) }]) {
    writeFileSync(path, JSON.stringify({ inband: 'links', version: 1, marks: { [key]: mark } }));
    expect(await marks().read(OWN, JULIET)).toBeUndefined();
  }
});

test('a link in its place is not followed (R937)', async () => {
  symlinkSync('/etc/passwd', path);
  await expect(marks().read(OWN, JULIET)).rejects.toThrow('no list of links of inband');
});
