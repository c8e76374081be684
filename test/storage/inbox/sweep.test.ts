import { createHash } from 'node:crypto';
import * as files from 'node:fs/promises';
import { mkdir, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type Journal, partPath, writeJournal } from '../../../src/storage/inbox/journal.js';
import { sweep } from '../../../src/storage/inbox/sweep.js';
import { tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

const ID = '01234567-89ab-cdef-0123-456789abcdef';
const MINUTE_MS = 60_000;

/** As it is when a process is killed while an empty file holds the name of a partial. */
async function killedAtPlaceholder(changes: Partial<Journal> = {}) {
  const inbox = await temporaryFolder();
  const staging = join(inbox, '.inband');
  await mkdir(staging);
  await writeFile(partPath(staging, ID), 'x');
  const sha256 = createHash('sha256').update('x').digest('hex');
  const journal = {
    durable: 1,
    sha256,
    started: new Date(),
    updated: new Date(),
    placeholder: 'a',
  };
  await writeJournal(files, staging, ID, { ...journal, ...changes });
  await writeFile(join(inbox, 'a'), '');
  return { files, inbox, staging, now: Date.now };
}

test('a placeholder goes, and with it a partial that nobody can go on with (R42)', async () => {
  const place = await killedAtPlaceholder();
  expect(await sweep(place)).toEqual([]);
  expect(await readdir(place.inbox)).toEqual(['.inband']);
  expect(await readdir(place.staging)).toEqual([]);
});

test('a placeholder goes, and its partial stays when it has an identity', async () => {
  const place = await killedAtPlaceholder({ identity: '0'.repeat(64) });
  expect(await sweep(place)).toMatchObject([{ id: ID, journal: { durable: 1 } }]);
  expect(await readdir(place.inbox)).toEqual(['.inband']);
});

test('a file that was made too long before or after the journal is no placeholder', async () => {
  for (const apart of [-MINUTE_MS - 1000, MINUTE_MS + 1000]) {
    const place = await killedAtPlaceholder();
    const { mtimeMs } = await stat(join(place.inbox, 'a'));
    await utimes(join(place.inbox, 'a'), new Date(), new Date(mtimeMs + apart));
    await sweep(place);
    expect(await readdir(place.inbox)).toContain('a');
  }
});

test('a file that is not empty is no placeholder', async () => {
  const place = await killedAtPlaceholder();
  await writeFile(join(place.inbox, 'a'), 'of somebody else');
  await sweep(place);
  expect(await readdir(place.inbox)).toContain('a');
});

test('an empty file that its partial has become stays', async () => {
  const place = await killedAtPlaceholder();
  await rm(partPath(place.staging, ID));
  await sweep(place);
  expect(await readdir(place.inbox)).toContain('a');
  expect(await readdir(place.staging)).toEqual([]);
});

test('what killed attempts at a lock left goes, and what is none of ours stays (R1316)', async () => {
  const { staging, ...place } = await killedAtPlaceholder();
  const victim = await temporaryFolder();
  const holder = `9-${'0'.repeat(16)}-${ID}`;
  await writeFile(join(victim, holder), '');
  const nameOf = (digit: number, ending: string) => `${digit}${ID.slice(1)}.${ending}`;
  const fill = async (name: string, file: string) => {
    await mkdir(join(staging, name));
    await writeFile(join(staging, name, file), '');
  };
  await fill(nameOf(1, 'lock'), holder);
  await fill(nameOf(2, 'lock'), 'notes');
  await symlink(victim, join(staging, nameOf(3, 'lock')));
  await fill(nameOf(4, 'tmp'), 'notes');
  await symlink(victim, join(staging, nameOf(5, 'tmp')));
  await sweep({ staging, ...place });
  expect((await readdir(staging)).sort()).toEqual([
    nameOf(2, 'lock'),
    nameOf(3, 'lock'),
    nameOf(4, 'tmp'),
  ]);
  expect(await readdir(join(staging, nameOf(2, 'lock')))).toEqual(['notes']);
  expect(await readdir(join(staging, nameOf(4, 'tmp')))).toEqual(['notes']);
  expect(await readdir(victim)).toEqual([holder]);
});

test.each(['tmp', 'lock'])(
  'a %s that cannot be removed is named by its path (R1350)',
  async (kind) => {
    const place = await killedAtPlaceholder();
    const left = join(place.staging, `${ID}.${kind}`);
    const file = kind === 'tmp' ? left : join(left, `9-${'0'.repeat(16)}-${ID}`);
    if (kind === 'lock') await mkdir(left);
    await writeFile(file, '');
    const failing = tappedFiles(async ({ operation, args }, run) => {
      if (operation !== 'rm') return run();
      const [code, syscall, path] = ['EACCES', 'unlink', String(args[0])];
      throw Object.assign(new Error(`${code}: no, ${syscall} '${path}'`), { code, syscall, path });
    });
    await expect(sweep({ ...place, files: failing })).rejects.toMatchObject({
      ...{ path: file, message: `EACCES: no, unlink '${file}'` },
    });
  },
);
