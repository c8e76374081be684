import type { Stats } from 'node:fs';
import type * as fs from 'node:fs/promises';
import {
  appendFile,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { FileRecord } from '../../../src/transfer/receiving/ledger.js';
import { fileError, type Tap, tappedFiles } from '../tapped-files.js';
import { inboxesBeside, listed, publish, ROMEO } from './inboxes-with-folders.js';

const openBeside = inboxesBeside();

/** The same inbox, with a tap in front of the disk. */
async function openTapped(tap: Tap) {
  const beside = await openBeside();
  await beside.inbox.close();
  return { ...beside, inbox: await beside.reopen(tappedFiles(tap) as typeof fs) };
}

describe('a folder that somebody removes', () => {
  test.each(['link', 'mkdir'])(
    'in the moment of the %s is made once more (R404)',
    async (operation) => {
      let removed = 0;
      const { inbox, folder } = await openTapped(async (call, run) => {
        const isDeep = operation === 'link' || basename(String(call.args[0])) === 'deep';
        if (call.operation === operation && isDeep && removed === 0) {
          removed += 1;
          await rm(join(folder, 'photos'), { recursive: true });
        }
        return run();
      });
      expect(relative(folder, await publish(inbox, ['photos', 'deep', 'a']))).toBe('photos/deep/a');
      expect(removed).toBe(1);
      const [record] = [...inbox.ledger.records()];
      expect(record).toMatchObject({ path: 'photos/deep/a' });
      await inbox.close();
    },
  );

  test('each time ends that file in plain words, and no other (R404)', async () => {
    let isRemoved = true;
    const { inbox, folder } = await openTapped(async (call, run) => {
      if (call.operation === 'link' && isRemoved)
        await rm(join(folder, 'photos'), { recursive: true });
      return run();
    });
    const failed = publish(inbox, ['photos', 'a']);
    await expect(failed).rejects.toThrow('photos was removed while a file arrived');
    expect([...inbox.ledger.records()]).toEqual([]);
    isRemoved = false;
    expect(relative(folder, await publish(inbox, ['photos', 'a']))).toBe('photos/a');
    await inbox.close();
  });
});

test.each<[string, (path: string) => Promise<unknown>, object | undefined]>([
  [
    'another file, as large',
    async (path) => {
      await writeFile(`${path}.mine`, 'HELLO');
      await rename(`${path}.mine`, path);
    },
    undefined,
  ],
  ['other bytes, as many', (path) => writeFile(path, 'HELLO'), { isUnchanged: false }],
  ['more', (path) => appendFile(path, '!'), { isUnchanged: false }],
])(
  'a file that gets %s as soon as it has its name is not what arrived (R412)',
  async (_what, put, found) => {
    const { inbox, folder } = await openTapped(async ({ operation, args }, run) => {
      // The partial's own name goes when the file has got its name.
      const isPart = operation === 'rm' && String(args[0]).endsWith('.part');
      if (isPart) await put(join(folder, 'photos', 'a'));
      return run();
    });
    await publish(inbox, ['photos', 'a']);
    const [record] = [...inbox.ledger.records()] as [FileRecord];
    expect(record.isArriving).toBeUndefined();
    const looked = await inbox.look(record);
    if (found) expect(looked).toMatchObject(found);
    else expect(looked).toBeUndefined();
    await inbox.close();
  },
);

describe('a folder that is made in vain', () => {
  /** The first call of this operation after the folder was made fails. */
  async function failing(operation: string, meanwhile = async (_folder: string) => {}) {
    let [left, made] = [0, 0];
    const opened = await openTapped(async (call, run) => {
      if (call.operation === operation && left > 0) {
        left -= 1;
        await meanwhile(opened.folder);
        throw fileError('EIO');
      }
      const isFirst = call.operation === 'mkdir' && basename(String(call.args[0])) === 'photos';
      if (isFirst && made === 0) [left, made] = [1, 1];
      return run();
    });
    return opened;
  }

  // To open it, to sync the folder above, to write down that it is there.
  test.each(['open', 'handle.sync', 'handle.write'])(
    'as the disk fails at %s is not left behind (R406)',
    async (operation) => {
      const { inbox, folder } = await failing(operation);
      await expect(inbox.makeFolder({ account: ROMEO }, ['photos'])).rejects.toThrow('EIO');
      expect(await listed(folder)).toEqual([]);
      expect(relative(folder, await inbox.makeFolder({ account: ROMEO }, ['photos']))).toBe(
        'photos',
      );
      await inbox.close();
    },
  );

  test('is left where somebody has put something into it, or in its place (R406)', async () => {
    for (const [put, left] of [
      [(path: string) => writeFile(join(path, 'mine'), ''), ['photos', 'photos/mine']],
      [
        async (path: string) => {
          await mkdir(`${path}.mine`);
          await rename(`${path}.mine`, path);
        },
        ['photos'],
      ],
    ] as const) {
      const { inbox, folder } = await failing('handle.sync', (path) => put(join(path, 'photos')));
      await expect(inbox.makeFolder({ account: ROMEO }, ['photos'])).rejects.toThrow('EIO');
      expect(await listed(folder)).toEqual(left);
      await inbox.close();
    }
  });
});

describe('a folder is known again', () => {
  /** Opens the inbox again, with a folder in it, on a disk that says something else of what it looks at. */
  async function openedAgain(tell: (stats: Stats, photos: Stats) => void) {
    const beside = await openBeside();
    await publish(beside.inbox, ['photos', 'a']);
    await beside.inbox.close();
    const photos = await lstat(join(beside.folder, 'photos'));
    const files = tappedFiles(async (call, run) => {
      const result = await run();
      if (/(^|\.|l)stat$/.test(call.operation)) tell(result as Stats, photos);
      return result;
    });
    const inbox = await beside.reopen(files as typeof fs);
    const path = relative(beside.folder, await publish(inbox, ['photos', 'b']));
    await inbox.close();
    return path;
  }

  test('where the device of the disk has got another number (R407)', async () => {
    const path = await openedAgain((stats) => {
      stats.dev += 1;
    });
    expect(path).toBe('photos/b');
  });

  test('but not where one of another disk is in its place (R407)', async () => {
    const path = await openedAgain((stats, photos) => {
      if (stats.ino === photos.ino) stats.dev += 1;
    });
    expect(path).toBe('photos (1)/b');
  });

  test('but not where one that was made later has got its inode (R408)', async () => {
    const path = await openedAgain((stats, photos) => {
      if (stats.ino === photos.ino) stats.birthtimeMs += 1;
    });
    expect(path).toBe('photos (1)/b');
  });
});

/** Lets a folder give way to a link to another one, again and again, until it is told to end. */
function racing(target: string) {
  const race = { path: '', isOver: false, ended: Promise.resolve() };
  const swap = async () => {
    const { path } = race;
    const aside = `${path}.aside`;
    await rename(path, aside);
    await symlink(target, path).catch(() => undefined);
    // As long as a file takes to be published.
    for (let looks = 0; looks < 20; looks += 1) await lstat(aside);
    const met = await lstat(path).catch(() => undefined);
    if (met?.isSymbolicLink()) await unlink(path);
    await rename(aside, path).catch(() => rm(aside, { recursive: true }));
  };
  race.ended = (async () => {
    while (!race.isOver) await (race.path ? swap() : setImmediate()).catch(() => undefined);
  })();
  return race;
}

describe('symlinks that come and go while files are published', () => {
  test.each([
    ['a made folder', 1],
    ['a folder in it', 2],
    ['the folder of a file', 3],
  ])('in the place of %s lead nothing elsewhere (R409)', async (_what, depth) => {
    const { inbox, folder, outside } = await openBeside();
    const race = racing(outside);
    let arrived = 0;
    try {
      for (let count = 0; count < 30; count += 1) {
        const file = publish(inbox, ['photos', 'deep', 'er', 'a'], { text: `${count}` });
        const path = await file.catch(() => undefined);
        if (path === undefined) continue;
        arrived += 1;
        const place = relative(folder, path).split('/').slice(0, depth);
        race.path = join(folder, ...place);
      }
    } finally {
      race.isOver = true;
      await race.ended;
    }
    expect(arrived).toBeGreaterThan(0);
    expect(await readdir(outside)).toEqual([]);
    await inbox.close();
  });
});
