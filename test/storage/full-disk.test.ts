import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { openInbox } from '../../src/storage/inbox/inbox.js';
import { NoRoom } from '../../src/transfer/inbox-errors.js';
import { temporaryFolders } from './temporary-folder.js';

const BLOCK = Buffer.alloc(65_536, 'x');
const mounted: string[] = [];

// Before its folder is removed; lazily, for the test may have failed in the middle.
afterEach(() => {
  for (const folder of mounted.splice(0)) spawnSync('umount', ['-l', folder]);
});

const temporaryFolder = temporaryFolders();

/** Mounting is for root; but where nobody looks, a test that is left out is not to be taken for one that passed. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0;

(canMount || process.env.CI ? test : test.skip)(
  'a disk that others fill says so; what was received is kept where there is room, and the daemon goes on (R40)',
  async () => {
    const folder = await temporaryFolder();
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
    expect(mount.stderr.toString()).toBe('');
    mounted.push(folder);
    const inbox = await openInbox(folder);
    const wanted = { identity: 'a', size: 10 * BLOCK.length };
    const partial = await inbox.createPartial(wanted);
    await partial.write(BLOCK);
    await writeFile(join(folder, 'of others'), Buffer.alloc(1_000_000 - 8 * BLOCK.length));
    await expect(async () => {
      for (let count = 1; count < 10; count++) await partial.write(BLOCK);
    }).rejects.toThrow(NoRoom);
    await partial.keep();

    await writeFile(join(folder, 'of others'), '');
    const again = await inbox.createPartial(wanted);
    expect(again.offset).toBeGreaterThanOrEqual(7 * BLOCK.length);
    for (let at = again.offset; at < wanted.size; at += BLOCK.length) await again.write(BLOCK);
    const path = await again.publish('a');
    expect(await readFile(path)).toEqual(Buffer.alloc(wanted.size, 'x'));
    await inbox.close();
    expect(await readdir(join(folder, '.inband'))).toEqual([]);
  },
);
