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
import { NoFileOfOurs } from '../../../src/storage/own-file.js';

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

test('a folder in its place is left as it is, and once it is gone marks are read and written (R1087)', async () => {
  const all = marks();
  mkdirSync(path);
  await expect(all.read(OWN, JULIET)).rejects.toThrow(NoFileOfOurs);
  await expect(all.write(OWN, JULIET, { id: 'a1' })).rejects.toThrow(NoFileOfOurs);
  rmSync(path, { recursive: true });
  await all.write(OWN, JULIET, { id: 'a1' });
  expect(await all.read(OWN, JULIET)).toEqual({ id: 'a1' });
});

test('a folder that takes the place of what was read is told as such (R1087)', async () => {
  const all = marks();
  expect(await all.read(OWN, JULIET)).toBeUndefined();
  mkdirSync(path);
  await expect(all.write(OWN, JULIET, { id: 'a1' })).rejects.toThrow(NoFileOfOurs);
});
