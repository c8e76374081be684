import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import { systemProcesses } from '../../../src/storage/lock/processes.js';
import type { Inbox } from '../../../src/transfer/receiving/inbox.js';
import { hostileNames } from '../hostile-names.js';
import { failingFiles, fileError, tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

const system = { files: fs, processes: systemProcesses, now: Date.now };

async function publish(inbox: Inbox, name: string, text: string): Promise<string> {
  const partial = await inbox.createPartial();
  await partial.write(Buffer.from(text));
  return await partial.publish(name);
}

/** What is in the folder for partials, but for the lock. */
const partialsIn = async (folder: string) =>
  (await readdir(join(folder, '.inband'))).filter((name) => name !== 'lock');

const mode = async (path: string) => (await lstat(path)).mode & 0o777;

/** Another user's are the folders that are open, or all that is looked at. */
const ofAnother = ({ all = false } = {}) =>
  tappedFiles(async ({ operation }, run) => {
    const result = await run();
    if (!/stat$/.test(operation)) return result;
    const isOther = all || (operation === 'handle.stat' && (result as Stats).isDirectory());
    return isOther ? Object.assign(result as Stats, { uid: 4_242 }) : result;
  });

describe('opening an inbox', () => {
  test('makes the folder, and a private one for the partials', async () => {
    const folder = join(await temporaryFolder(), 'a', 'b');
    await openInbox(folder);
    expect(await readdir(folder)).toEqual(['.inband']);
    expect(await mode(join(folder, '.inband'))).toBe(0o700);
  });

  test('makes the folder for the partials private again', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, '.inband'), { mode: 0o755 });
    await openInbox(folder);
    expect(await mode(join(folder, '.inband'))).toBe(0o700);
  });

  test('refuses a symlink in the place of that folder', async () => {
    const [folder, outside] = [await temporaryFolder(), await temporaryFolder()];
    await symlink(outside, join(folder, '.inband'));
    await expect(openInbox(folder)).rejects.toThrow(/ELOOP|ENOTDIR/);
  });

  test('refuses one of another user, root too, and leaves its mode (R1315)', async () => {
    const folder = await temporaryFolder();
    const staging = join(folder, '.inband');
    await mkdir(staging, { mode: 0o755 });
    await expect(openInbox(folder, {}, { ...system, files: ofAnother() })).rejects.toMatchObject({
      name: 'NoFileOfOurs',
      message: `${staging} belongs to another user`,
    });
    expect(await mode(staging)).toBe(0o755);
    expect(await readdir(staging)).toEqual([]);
  });

  test('opens where the disk gives all files to another user (R1315)', async () => {
    const folder = await temporaryFolder();
    const inbox = await openInbox(folder, {}, { ...system, files: ofAnother({ all: true }) });
    expect(await readdir(join(folder, '.inband'))).toContain('lock');
    await inbox.close();
  });

  test('refuses a file in the place of that folder', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, '.inband'), '');
    await expect(openInbox(folder)).rejects.toThrow(/\.inband is no folder$/);
  });
});

test('warns of an inbox that others may put files into', async () => {
  const folder = await temporaryFolder();
  const warnings: string[] = [];
  const warn = (text: string) => warnings.push(text);
  for (const open of [0o755, 0o775, 0o757]) {
    await chmod(folder, open);
    await (await openInbox(folder, { warn })).close();
  }
  expect(warnings).toEqual(Array(2).fill(`others may put files into ${folder}`));
});

test('opens, with a warning, where the file system has no modes', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, '.inband'), { mode: 0o755 });
  const warnings: string[] = [];
  const files = failingFiles('handle.chmod', 'EPERM');
  const warn = (text: string) => warnings.push(text);
  await (await openInbox(folder, { warn }, { ...system, files })).close();
  expect(warnings).toEqual([
    `others may read what arrives: the disk of ${join(folder, '.inband')} has no modes`,
  ]);
});

describe('a partial', () => {
  test('is invisible in the inbox, and private', async () => {
    const folder = await temporaryFolder();
    const partial = await (await openInbox(folder)).createPartial();
    await partial.write(Buffer.from('secret'));
    expect(await readdir(folder)).toEqual(['.inband']);
    const [name = ''] = await partialsIn(folder);
    expect(name).toMatch(/^[0-9a-f-]{36}\.part$/);
    expect(await mode(join(folder, '.inband', name))).toBe(0o600);
    await partial.discard();
  });

  test('takes writes in the order of the calls, awaited or not', async () => {
    const inbox = await openInbox(await temporaryFolder());
    const partial = await inbox.createPartial();
    const texts = Array.from({ length: 100 }, (_, index) => `block ${index};`);
    await Promise.all(texts.map((text) => partial.write(Buffer.from(text))));
    expect(await readFile(await partial.publish('a'), 'utf8')).toBe(texts.join(''));
  });

  test('goes on after a write that the system cut short', async () => {
    let writes = 0;
    const files = tappedFiles(({ operation, args, handle }, run) => {
      if (operation !== 'handle.write') return run();
      writes += 1;
      const [bytes, offset, length, position] = args as [Uint8Array, number, number, number];
      return handle?.write(bytes, offset, Math.min(length, 3), position) ?? run();
    });
    const inbox = await openInbox(await temporaryFolder(), {}, { ...system, files });
    const partial = await inbox.createPartial();
    await partial.write(Buffer.from('ten bytes!'));
    expect(writes).toBe(4);
    expect(await readFile(await partial.publish('a'), 'utf8')).toBe('ten bytes!');
  });

  test('takes nothing more, and is not published, once a write has failed', async () => {
    const folder = await temporaryFolder();
    let writes = 0;
    const files = failingFiles('handle.write', 'ENOSPC', () => ++writes === 2);
    const partial = await (await openInbox(folder, {}, { ...system, files })).createPartial();
    const writing = ['one', 'two', 'three'].map((text) => partial.write(Buffer.from(text)));
    const ends = await Promise.allSettled(writing);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await expect(partial.publish('a')).rejects.toThrow('ENOSPC');
    await partial.discard();
    expect(await readdir(folder)).toEqual(['.inband']);
    expect(await partialsIn(folder)).toEqual([]);
  });

  test('has the digests that were asked for, of what is written, and sha256', async () => {
    const inbox = await openInbox(await temporaryFolder());
    const partial = await inbox.createPartial({ algorithms: ['sha1', 'blake2b512'] });
    await partial.write(Buffer.from('a'));
    await partial.write(Buffer.from('bc'));
    for (const name of ['sha1', 'blake2b512', 'sha256']) {
      expect(partial.digest(name)).toEqual(createHash(name).update('abc').digest());
    }
    expect(() => partial.digest('md5')).toThrow(RangeError);
    await partial.discard();
  });

  test('is gone after discard, and after a second one', async () => {
    const folder = await temporaryFolder();
    const partial = await (await openInbox(folder)).createPartial();
    await partial.write(Buffer.from('x'));
    await partial.discard();
    await partial.discard();
    expect(await partialsIn(folder)).toEqual([]);
    await expect(partial.write(Buffer.from('y'))).rejects.toThrow();
    await expect(partial.publish('a')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['.inband']);
  });
});

describe('publishing', () => {
  test('makes the bytes visible under the name, mode 0600, and returns the absolute path', async () => {
    const folder = await temporaryFolder();
    const inbox = await openInbox(relative(process.cwd(), folder));
    const path = await publish(inbox, 'report.pdf', 'content');
    expect(path).toBe(join(folder, 'report.pdf'));
    expect(await readFile(path, 'utf8')).toBe('content');
    expect(await mode(path)).toBe(0o600);
    expect((await stat(path)).nlink).toBe(1);
    expect(await partialsIn(folder)).toEqual([]);
  });

  test('needs the bytes on disk, and the name where the file system can (R39)', async () => {
    const folder = await temporaryFolder();
    let cannot = 'folders';
    const files = tappedFiles(async ({ operation, handle }, run) => {
      const isFolder = operation === 'handle.sync' && (await handle?.stat())?.isDirectory();
      const fails = operation === 'handle.sync' && isFolder === (cannot === 'folders');
      return fails ? Promise.reject(fileError('EINVAL')) : run();
    });
    const inbox = await openInbox(folder, {}, { ...system, files });
    await publish(inbox, 'a', 'content');
    cannot = 'files';
    const partial = await inbox.createPartial();
    await expect(partial.publish('b')).rejects.toThrow('EINVAL');
    await expect(partial.publish('b')).rejects.toThrow('EINVAL'); // a second sync would not know
    await partial.discard();
    expect((await readdir(folder)).sort()).toEqual(['.inband', 'a']);
  });

  // By POSIX a power cut might have taken the folder, and all that was confirmed in it.
  test('is in a folder that is on disk itself, where that was made for it (R39)', async () => {
    const root = await temporaryFolder();
    const synced: unknown[] = [];
    const opened = new Map<unknown, unknown>();
    const files = tappedFiles(async ({ operation, args, handle }, run) => {
      const result = await run();
      if (operation === 'open') opened.set(result, args[0]);
      if (operation === 'handle.sync') synced.push(opened.get(handle));
      return result;
    });
    await openInbox(join(root, 'a', 'b'), {}, { ...system, files });
    expect(synced.slice(0, 2)).toEqual([root, join(root, 'a')]);
  });

  test('an empty file is a file', async () => {
    const inbox = await openInbox(await temporaryFolder());
    expect(await readFile(await publish(inbox, 'empty', ''), 'utf8')).toBe('');
  });

  test('is not undone by discard', async () => {
    const inbox = await openInbox(await temporaryFolder());
    const partial = await inbox.createPartial();
    const path = await partial.publish('kept');
    await partial.discard();
    expect(await readFile(path, 'utf8')).toBe('');
  });

  test('goes round a file, a folder, a symlink and a dangling symlink, all untouched (R2)', async () => {
    const [folder, outside] = [await temporaryFolder(), await temporaryFolder()];
    await writeFile(join(folder, 'a.tar.gz'), 'old');
    await mkdir(join(folder, 'a (1).tar.gz'));
    await writeFile(join(outside, 'linked'), 'outside');
    await symlink(join(outside, 'linked'), join(folder, 'a (2).tar.gz'));
    await symlink(join(outside, 'absent'), join(folder, 'a (3).tar.gz'));

    const path = await publish(await openInbox(folder), 'a.tar.gz', 'new');

    expect(path).toBe(join(folder, 'a (4).tar.gz'));
    expect(await readFile(join(folder, 'a.tar.gz'), 'utf8')).toBe('old');
    expect(await readdir(join(folder, 'a (1).tar.gz'))).toEqual([]);
    expect(await readlink(join(folder, 'a (3).tar.gz'))).toBe(join(outside, 'absent'));
    expect(await readdir(outside)).toEqual(['linked']);
    expect(await readFile(join(outside, 'linked'), 'utf8')).toBe('outside');
  });

  test('leaves the twin in other letters alone', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'README'), 'old');
    const path = await publish(await openInbox(folder), 'readme', 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readFile(join(folder, 'README'), 'utf8')).toBe('old');
  });

  test('many of one name at once gives each a name of its own', async () => {
    const folder = await temporaryFolder();
    const inbox = await openInbox(folder);
    const texts = Array.from({ length: 10 }, (_, index) => `text ${index}`);
    const paths = await Promise.all(texts.map((text) => publish(inbox, 'a', text)));
    expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual(texts);
    expect(await readdir(folder)).toHaveLength(texts.length + 1);
  });

  test('never writes through a symlink that comes and goes at the name (R2)', async () => {
    const [folder, outside] = [await temporaryFolder(), await temporaryFolder()];
    const inbox = await openInbox(folder);
    let racing = true;
    const race = (async () => {
      while (racing) {
        await symlink(join(outside, 'target'), join(folder, 'a')).catch(() => undefined);
        const met = await lstat(join(folder, 'a')).catch(() => undefined);
        if (met?.isSymbolicLink()) await unlink(join(folder, 'a'));
      }
    })();
    try {
      for (let count = 0; count < 200; count++) {
        const path = await publish(inbox, 'a', `${count}`);
        expect(await readFile(path, 'utf8')).toBe(`${count}`);
        await unlink(path);
      }
    } finally {
      racing = false;
      await race;
    }
    expect(await readdir(outside)).toEqual([]);
  });

  test('puts a file of whatever name into the inbox itself, and nothing elsewhere (R1)', async () => {
    expect(hostileNames.length).toBeGreaterThan(300);
    const parent = await temporaryFolder();
    const folder = join(parent, 'inbox');
    const inbox = await openInbox(folder);
    const paths = new Set<string>();
    for (const name of hostileNames) {
      const path = await publish(inbox, name, name);
      expect(await realpath(dirname(path))).toBe(await realpath(folder));
      expect(await readFile(path, 'utf8')).toBe(Buffer.from(name).toString());
      paths.add(path);
    }
    expect(paths.size).toBe(hostileNames.length);
    expect(await readdir(folder)).toHaveLength(hostileNames.length + 1);
    expect(await partialsIn(folder)).toEqual([]);
    expect(await readdir(parent)).toEqual(['inbox']);
  });
});
