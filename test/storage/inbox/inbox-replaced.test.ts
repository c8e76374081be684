import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import { systemProcesses } from '../../../src/storage/lock/processes.js';
import type { Inbox, PartialFile } from '../../../src/transfer/receiving/inbox.js';
import { endedPartials } from '../ended-partials.js';
import { failingFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const ended = endedPartials();
const temporaryFolder = temporaryFolders();

let folder: string;
let staging: string;
let warnings: string[];
let inbox: Inbox;
beforeEach(async () => {
  folder = join(await temporaryFolder(), 'inbox');
  staging = join(folder, '.inband');
  warnings = [];
  inbox = await openInbox(folder, { warn: (text) => warnings.push(text) });
});

/** What is to be gone on with when it is cut, as most files are. */
const begin = async (text = 'hello'): Promise<PartialFile> => {
  const partial = await ended(inbox.createPartial({ identity: 'letter', size: text.length }));
  await partial.write(Buffer.from(text));
  return partial;
};
const publish = async () => (await begin()).publish('letter');

describe('what was removed while the inbox is open is made anew for the next file, under its lock', () => {
  test.each([
    ['the inbox', () => rm(folder, { recursive: true })],
    ['.inband', () => rm(staging, { recursive: true })],
    ['the lock', () => rm(join(staging, 'lock'), { recursive: true })],
    [
      'all that is in .inband',
      async () => {
        await rm(staging, { recursive: true });
        await mkdir(staging);
      },
    ],
  ])('%s (R85)', async (_, remove) => {
    await remove();
    expect(await readFile(await publish(), 'utf8')).toBe('hello');
    expect(await readFile(await publish(), 'utf8')).toBe('hello');
    expect(await readdir(folder)).toEqual(['.inband', 'letter', 'letter (1)']);
    expect(warnings).toEqual([`${staging} was removed, and has been made anew`]);
    expect((await lstat(staging)).mode & 0o777).toBe(0o700);
    expect(inbox.lost.aborted).toBe(false);
    await expect(openInbox(folder)).rejects.toMatchObject({ pid: process.pid });
    await inbox.close();
    await (await openInbox(folder)).close();
  });
});

describe('what has come into the place is not used, and the inbox is lost', () => {
  const aside = () => rename(folder, `${folder} of yesterday`);
  const elsewhere = () => join(folder, '..', 'elsewhere');

  test.each([
    [
      'another folder for the inbox',
      'another one was put or mounted in its place',
      async () => {
        await aside();
        await mkdir(folder);
      },
    ],
    [
      'a link to another folder for the inbox',
      'a link was put',
      async () => {
        await aside();
        await symlink(elsewhere(), folder);
      },
    ],
    [
      'a link to itself for the inbox',
      'a link was put',
      async () => {
        await aside();
        await symlink(`${folder} of yesterday`, folder);
      },
    ],
    [
      'a file for the inbox',
      'another one was put',
      async () => {
        await aside();
        await writeFile(folder, '');
      },
    ],
    [
      'a link for .inband',
      'ENOTDIR',
      async () => {
        await rm(staging, { recursive: true });
        await symlink(elsewhere(), staging);
      },
    ],
    [
      'a link for .inband to itself',
      'ENOTDIR',
      async () => {
        await rename(staging, join(folder, 'old'));
        await symlink(join(folder, 'old'), staging);
      },
    ],
    [
      'a dangling link for .inband',
      'is no folder',
      async () => {
        await rm(staging, { recursive: true });
        await symlink('nowhere', staging);
      },
    ],
    [
      'a file for .inband',
      'is no folder',
      async () => {
        await rm(staging, { recursive: true });
        await writeFile(staging, '');
      },
    ],
  ])('%s (R85)', async (_, why, replace) => {
    await mkdir(elsewhere());
    const partial = await begin();
    await replace();
    await expect(partial.publish('letter')).rejects.toThrow();
    await expect(inbox.createPartial()).rejects.toThrow(why);
    expect(inbox.lost.reason?.message).toMatch(why);
    await expect(inbox.createPartial()).rejects.toThrow(why);
    expect(await readdir(elsewhere())).toEqual([]);
    await inbox.close();
  });
});

test('an inbox that another process has taken over is lost (R84)', async () => {
  const partial = await begin();
  await rm(join(staging, 'lock'), { recursive: true });
  const other = await openInbox(folder);
  await expect(partial.publish('letter')).rejects.toThrow(
    'was removed or replaced while a file arrived',
  );
  expect(inbox.lost.reason).toMatchObject({ name: 'FolderInUse', pid: process.pid });
  await expect(inbox.createPartial()).rejects.toThrow('is in use');
  expect(await readdir(folder)).toEqual(['.inband']);
  await inbox.close();
  await expect(openInbox(folder)).rejects.toThrow('is in use');
  await other.close();
});

test('a file that was under way when its partial was removed gets no name, and the next one does (R85)', async () => {
  const partial = await begin();
  await rm(staging, { recursive: true });
  expect(await publish()).toBe(join(folder, 'letter'));
  await expect(partial.publish('lost')).rejects.toThrow('removed or replaced');
  expect(await readdir(folder)).toEqual(['.inband', 'letter']);
});

const cut = (path: string) => writeFile(path, 'he');
const replace = async (path: string) => {
  await writeFile(`${path}.new`, 'other');
  await rename(`${path}.new`, path);
};

test('of a partial that was cleaned away, cut or replaced by hand no part gets a name (R116)', async () => {
  for (const spoil of [rm, cut, replace]) {
    const partial = await begin();
    const [part = ''] = (await readdir(staging)).filter((name) => name.endsWith('.part'));
    await spoil(join(staging, part));
    await expect(partial.publish('letter')).rejects.toThrow(
      'was removed or changed while it was written',
    );
    await partial.discard();
  }
  expect(await readdir(folder)).toEqual(['.inband']);
});

(process.platform === 'win32' ? test.skip : test)(
  'a pipe where a journal is looked for does not hold it up',
  async () => {
    await inbox.close();
    const pipe = join(staging, `${randomUUID()}.json`);
    execFileSync('mkfifo', [pipe]);
    inbox = await openInbox(folder);
    expect(await readdir(staging)).toEqual(['lock']);
  },
);

test('what the system is short of for a moment does not end it', async () => {
  let isShort = false;
  const files = failingFiles('mkdir', 'EMFILE', () => isShort);
  const system = { files, processes: systemProcesses, now: Date.now };
  await inbox.close();
  inbox = await openInbox(folder, {}, system);
  await rm(folder, { recursive: true });
  isShort = true;
  await expect(inbox.createPartial()).rejects.toThrow('EMFILE');
  isShort = false;
  expect(await readFile(await publish(), 'utf8')).toBe('hello');
});
