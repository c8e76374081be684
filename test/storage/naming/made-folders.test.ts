import type * as fs from 'node:fs/promises';
import { lstat, mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import { openBelow } from '../../support/open-files.js';
import { hostileNames } from '../hostile-names.js';
import { fileError, tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';
import { inboxesBeside, listed, publish, ROMEO } from './inboxes-with-folders.js';

const temporaryFolder = temporaryFolders();
const openBeside = inboxesBeside();

describe('folders of an inbox', () => {
  test('are for their owner alone, and their files too, unless it is a program (R317)', async () => {
    const { inbox } = await openBeside();
    const path = await publish(inbox, ['photos', 'a.jpg']);
    const program = await publish(inbox, ['photos', 'run.sh'], { isExecutable: true });
    const modes = await Promise.all([dirname(path), path, program].map((one) => stat(one)));
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600, 0o700]);
  });

  test('stay those of their key when the inbox is opened again (R438)', async () => {
    const { folder, reopen, inbox } = await openBeside();
    const owner = { account: ROMEO, sealedBy: 'a'.repeat(52) };
    const made = await inbox.makeFolder(owner, ['photos']);
    await inbox.close();
    const again = await reopen();
    expect(await again.makeFolder(owner, ['photos'])).toBe(made);
    expect(await again.makeFolder({ account: ROMEO }, ['photos'])).toBe(join(folder, 'photos (1)'));
    await again.close();
  });

  test.each<[string, (path: string, outside: string) => Promise<unknown>]>([
    ['a folder of the user', (path) => mkdir(path)],
    ['a file', (path) => writeFile(path, 'mine')],
    ['a symlink to another folder', (path, outside) => symlink(outside, path)],
    ['a dangling symlink', (path, outside) => symlink(join(outside, 'none'), path)],
  ])('go round %s, at the top and below, for all files (R317)', async (_what, put) => {
    const { inbox, folder, outside } = await openBeside();
    await put(join(folder, 'photos'), outside);
    await publish(inbox, ['photos', 'a']);
    await put(join(folder, 'photos (1)', 'deep'), outside);
    const before = await lstat(join(folder, 'photos'));
    const paths = [
      await publish(inbox, ['photos', 'deep', 'b']),
      await publish(inbox, ['photos', 'deep', 'c']),
      await publish(inbox, ['photos', 'd']),
    ];
    expect(paths.map((path) => relative(folder, path))).toEqual([
      ...['photos (1)/deep (1)/b', 'photos (1)/deep (1)/c', 'photos (1)/d'],
    ]);
    expect(await readdir(outside)).toEqual([]);
    expect((await lstat(join(folder, 'photos'))).mtimeMs).toBe(before.mtimeMs);
  });

  test.each<[string, (path: string, outside: string) => Promise<unknown>]>([
    ['a symlink', (path, outside) => symlink(outside, path)],
    ['a link to the very folder', (path) => symlink(`${path}.old`, path)],
    ['another folder', (path) => mkdir(path)],
    ['a file', (path) => writeFile(path, 'mine')],
  ])('are not entered where %s has taken their place (R317)', async (_what, put) => {
    const { inbox, folder, outside } = await openBeside();
    await publish(inbox, ['photos', 'deep', 'a']);
    await rename(join(folder, 'photos'), join(folder, 'photos.old'));
    await put(join(folder, 'photos'), outside);
    const path = await publish(inbox, ['photos', 'deep', 'b']);
    expect(relative(folder, path)).toBe('photos (1)/deep/b');
    expect(await readdir(outside)).toEqual([]);
    expect(await readdir(join(folder, 'photos.old', 'deep'))).toEqual(['a']);
  });

  test('are known after a new start, and made again where they are gone (R317)', async () => {
    const { inbox, folder, reopen } = await openBeside();
    await publish(inbox, ['a:b', '1']);
    await publish(inbox, ['a_b', '2']);
    await inbox.close();
    const second = await reopen();
    expect(relative(folder, await publish(second, ['a_b', '3']))).toBe('a_b (1)/3');
    expect(relative(folder, await publish(second, ['a:b', '4']))).toBe('a_b/4');
    await rm(join(folder, 'a_b (1)'), { recursive: true });
    expect(relative(folder, await publish(second, ['a_b', '5']))).toBe('a_b (1)/5');
    await second.close();
  });

  test('have names that are safe, below the inbox, and the same the next time (R317)', async () => {
    const { inbox, folder, outside } = await openBeside();
    const places = new Map<string, string>();
    for (const name of hostileNames) {
      const path = await inbox.makeFolder({ account: ROMEO }, [name, name]);
      const below = relative(folder, path).split('/');
      expect(below).toHaveLength(2);
      expect(below.some((one) => one.startsWith('.') || /[\\:\0]/.test(one))).toBe(false);
      places.set(name, path);
    }
    expect(new Set(places.values()).size).toBe(hostileNames.length);
    for (const [name, path] of places) {
      expect(await inbox.makeFolder({ account: ROMEO }, [name, name])).toBe(path);
    }
    expect(await readdir(dirname(outside))).toEqual(['outside']);
    expect(await readdir(outside)).toEqual([]);
  });

  test('are not left by way of a symlink that comes while a file is placed (R317)', async () => {
    const { inbox, folder, outside, reopen } = await openBeside();
    await publish(inbox, ['photos', 'a']);
    await inbox.close();
    const path = join(folder, 'photos');
    const tapped = tappedFiles(async ({ operation }, run) => {
      if (operation === 'link') {
        await rename(path, `${path}.old`);
        await symlink(outside, path);
      }
      return run();
    });
    const second = await reopen(tapped as typeof fs);
    await publish(second, ['photos', 'b']).catch(() => undefined);
    await second.close();
    expect(await readdir(outside)).toEqual([]);
  });

  test('with a name that the system does not take fail alone', async () => {
    const { inbox, folder } = await openBeside();
    const deep = Array.from({ length: 20 }, () => 'x'.repeat(250));
    await expect(publish(inbox, [...deep, 'a'])).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    expect(relative(folder, await publish(inbox, ['y', 'a']))).toBe('y/a');
  });

  test('that would have a path too long for the system are refused before a byte comes (R405)', async () => {
    const { inbox, folder } = await openBeside();
    const ask = (...folders: string[]) =>
      inbox.createPartial({
        folders: { owner: { account: ROMEO }, offered: folders },
        name: 'a'.repeat(200),
      });
    const deep = Array.from({ length: 15 }, () => 'x'.repeat(250));
    await expect(ask(...deep, 'y'.repeat(250))).rejects.toThrow('its path is too long here');
    // With a number behind each name it would be.
    await expect(ask(...deep, 'y'.repeat(50))).rejects.toThrow('its path is too long here');
    await (await ask(...deep.slice(1))).discard();
    expect(await listed(folder)).toEqual([]);
  });

  test('are closed whatever becomes of them: nothing stays open (R322)', async () => {
    const { inbox, folder, outside } = await openBeside();
    const before = openBelow(folder);
    await publish(inbox, ['photos', 'deep', 'a']);
    for (const put of [
      (path: string) => symlink(outside, path),
      (path: string) => mkdir(path),
      (path: string) => writeFile(path, 'mine'),
    ]) {
      await rm(join(folder, 'photos'), { recursive: true });
      await put(join(folder, 'photos'));
      await publish(inbox, ['photos', 'deep', 'b']);
      await inbox.makeFolder({ account: ROMEO }, ['photos', 'empty']);
    }
    for (const record of inbox.ledger.records()) await inbox.look(record);
    const long = Array.from({ length: 20 }, () => 'x'.repeat(250));
    await expect(publish(inbox, [...long, 'a'])).rejects.toThrow('ENAMETOOLONG');
    await expect(inbox.makeFolder({ account: ROMEO }, long)).rejects.toThrow('ENAMETOOLONG');
    expect(openBelow(folder)).toEqual(before);
    await inbox.close();
    expect(openBelow(folder)).toEqual([]);
  });

  test.each(['mkdir', 'lstat', 'link', 'handle.stat', 'handle.sync'])(
    'are closed where the disk fails at %s (R322)',
    async (operation) => {
      const { inbox, folder, reopen } = await openBeside();
      await publish(inbox, ['photos', 'a']);
      await inbox.close();
      for (let fails = 1; fails <= 3; fails += 1) {
        let left = Number.POSITIVE_INFINITY;
        const files = tappedFiles((call, run) => {
          if (call.operation !== operation) return run();
          left -= 1;
          return left === 0 ? Promise.reject(fileError('EIO')) : run();
        });
        const faulty = await reopen(files as typeof fs);
        const before = openBelow(folder);
        left = fails;
        await publish(faulty, ['photos', `deep ${fails}`, 'b']).catch(() => undefined);
        expect(openBelow(folder)).toEqual(before);
        await faulty.close();
      }
    },
  );

  test('count for what there may be in the inbox', async () => {
    const folder = await temporaryFolder();
    const inbox = await openInbox(folder, { maxTotal: 4096 * 4 });
    await publish(inbox, ['photos', 'a']);
    await publish(inbox, ['photos', 'b']);
    await inbox.close();
    const second = await openInbox(folder, { maxTotal: 4096 * 4 });
    await publish(second, ['photos', 'c']);
    await expect(publish(second, ['photos', 'd'])).rejects.toMatchObject({ name: 'NoRoom' });
    await second.close();
  });
});

describe('a process that was killed while it made a folder', () => {
  /** Its disk fails with the folder, so that it cannot write down what became of it. */
  async function killed(isMade: boolean) {
    const beside = await openBeside();
    await beside.inbox.close();
    let [isArmed, isDead] = [false, false];
    const files = tappedFiles(async ({ operation }, run) => {
      if (isDead && operation !== 'handle.close') throw fileError('EIO');
      if (!isArmed || operation !== 'mkdir') return run();
      isDead = true;
      if (isMade) await run();
      throw fileError('EIO');
    });
    const inbox = await beside.reopen(files as typeof fs);
    isArmed = true;
    await expect(inbox.makeFolder({ account: ROMEO }, ['photos'])).rejects.toThrow('EIO');
    await rm(join(beside.folder, '.inband', 'lock'), { recursive: true });
    return beside;
  }

  test.each([true, false])(
    'has its record completed if the folder is there: %p (R318)',
    async (isMade) => {
      const { folder, reopen } = await killed(isMade);
      const inbox = await reopen();
      expect(relative(folder, await inbox.makeFolder({ account: ROMEO }, ['photos']))).toBe(
        'photos',
      );
      expect(await listed(folder)).toEqual(['photos']);
      await inbox.close();
    },
  );

  test('has it withdrawn if there is something in it, which is left alone (R318)', async () => {
    const { folder, reopen } = await killed(true);
    await writeFile(join(folder, 'photos', 'mine'), '');
    const inbox = await reopen();
    expect(relative(folder, await publish(inbox, ['photos', 'a']))).toBe('photos (1)/a');
    await inbox.close();
  });
});

test('a file is found by its record, and not through a symlink (R317)', async () => {
  const { inbox, folder } = await openBeside();
  await publish(inbox, ['photos', 'a']);
  const [record] = [...inbox.ledger.records()];
  if (!record) throw new Error('it was remembered');
  expect(await inbox.look(record)).toMatchObject({ isUnchanged: true });
  await rename(join(folder, 'photos'), join(folder, 'old'));
  await symlink('old', join(folder, 'photos'));
  expect(await inbox.look(record)).toBeUndefined();
});
