import {
  type FileHandle,
  lstat,
  mkdir,
  open,
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
import { describe, expect, jest, test } from '@jest/globals';
import { openInbox } from '../../src/storage/inbox.js';
import type { Inbox } from '../../src/transfer/inbox.js';
import { hostileNames } from './hostile-names.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();

async function publish(inbox: Inbox, name: string, text: string): Promise<string> {
  const partial = await inbox.createPartial();
  await partial.write(Buffer.from(text));
  return await partial.publish(name);
}

const mode = async (path: string) => (await lstat(path)).mode & 0o777;

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

  test('refuses a file in the place of that folder', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, '.inband'), '');
    await expect(openInbox(folder)).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});

describe('a partial', () => {
  test('is invisible in the inbox, and private', async () => {
    const folder = await temporaryFolder();
    const partial = await (await openInbox(folder)).createPartial();
    await partial.write(Buffer.from('secret'));
    expect(await readdir(folder)).toEqual(['.inband']);
    const [name = ''] = await readdir(join(folder, '.inband'));
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
    const inbox = await openInbox(await temporaryFolder());
    const partial = await inbox.createPartial();
    const handles = await fileHandles();
    const write = handles.write as (...args: unknown[]) => Promise<unknown>;
    const short = jest.spyOn(handles, 'write').mockImplementation(function (
      this: FileHandle,
      ...[bytes, offset, length, position]: unknown[]
    ) {
      return write.call(this, bytes, offset, Math.min(Number(length), 3), position) as never;
    });
    try {
      await partial.write(Buffer.from('ten bytes!'));
      expect(short).toHaveBeenCalledTimes(4);
    } finally {
      short.mockRestore();
    }
    expect(await readFile(await partial.publish('a'), 'utf8')).toBe('ten bytes!');
  });

  test('is gone after discard, and after a second one', async () => {
    const folder = await temporaryFolder();
    const partial = await (await openInbox(folder)).createPartial();
    await partial.write(Buffer.from('x'));
    await partial.discard();
    await partial.discard();
    expect(await readdir(join(folder, '.inband'))).toEqual([]);
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
    expect(await readdir(join(folder, '.inband'))).toEqual([]);
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

  test('goes round a file, a folder, a symlink and a dangling symlink, all untouched', async () => {
    const [folder, outside] = [await temporaryFolder(), await temporaryFolder()];
    await writeFile(join(folder, 'a.tar.gz'), 'old');
    await mkdir(join(folder, 'a.tar (1).gz'));
    await writeFile(join(outside, 'linked'), 'outside');
    await symlink(join(outside, 'linked'), join(folder, 'a.tar (2).gz'));
    await symlink(join(outside, 'absent'), join(folder, 'a.tar (3).gz'));

    const path = await publish(await openInbox(folder), 'a.tar.gz', 'new');

    expect(path).toBe(join(folder, 'a.tar (4).gz'));
    expect(await readFile(join(folder, 'a.tar.gz'), 'utf8')).toBe('old');
    expect(await readdir(join(folder, 'a.tar (1).gz'))).toEqual([]);
    expect(await readlink(join(folder, 'a.tar (3).gz'))).toBe(join(outside, 'absent'));
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
    const inboxes = [await openInbox(folder), await openInbox(folder)];
    const texts = Array.from({ length: 10 }, (_, index) => `text ${index}`);
    const paths = await Promise.all(
      inboxes.flatMap((inbox, half) =>
        texts.slice(half * 5, half * 5 + 5).map((text) => publish(inbox, 'a', text)),
      ),
    );
    expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual(texts);
    expect(await readdir(folder)).toHaveLength(texts.length + 1);
  });

  test('never writes through a symlink that comes and goes at the name', async () => {
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

  test('puts a file of whatever name into the inbox itself, and nothing elsewhere', async () => {
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
    expect(await readdir(join(folder, '.inband'))).toEqual([]);
    expect(await readdir(parent)).toEqual(['inbox']);
  });
});

/** The prototype that all open files share. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await open(import.meta.filename);
  await handle.close();
  return Object.getPrototypeOf(handle);
}
