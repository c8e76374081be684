import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { contentIdOf, digest, parseContentId } from '../../../src/protocol/bob/content-id.js';
import { memoryBlobs } from '../../../src/protocol/bob/memory-blobs.js';
import { BlobFolder } from '../../../src/storage/blobs/blob-folder.js';
import { blobHandlers } from '../../../src/storage/blobs/blob-handlers.js';
import { temporaryFolders } from '../../storage/temporary-folder.js';
import { blobFiles } from './blob-files.js';
import { describeBlobHandlers } from './blob-handlers.js';

const temporaryFolder = temporaryFolders();

async function onDisk(now = Date.now) {
  const root = await temporaryFolder();
  const limits = { entries: 100, bytes: 100_000 };
  const published = new BlobFolder(join(root, 'published'), { digest, now });
  const cached = new BlobFolder(join(root, 'cached'), { digest, now, limits });
  return blobHandlers(published, cached, parseContentId);
}

describeBlobHandlers('the store in memory', async () => memoryBlobs());
describeBlobHandlers('the store on disk', () => onDisk());
describeBlobHandlers('a store of one’s own', async () => blobFiles(await temporaryFolder()));

describe.each([
  ['in memory', async (now: () => number) => memoryBlobs(now)],
  ['on disk', onDisk],
])('the store %s', (_, create) => {
  const blob = (text: string, maxAge?: number) => {
    const bytes = Buffer.from(text);
    return { cid: contentIdOf(bytes, 'sha1'), type: 'text/plain', bytes, maxAge };
  };
  const calls = async (now: () => number) => {
    const { get_bob, set_bob, del_bob } = await create(now);
    return {
      look: async (text: string) =>
        !!(await get_bob(undefined, undefined, undefined, blob(text).cid)),
      publish: (text: string, maxAge?: number) =>
        set_bob(undefined, undefined, undefined, blob(text, maxAge)),
      fetched: (text: string, maxAge?: number) =>
        set_bob(undefined, undefined, 'juliet@capulet.example', blob(text, maxAge)),
      remove: (text: string) => del_bob(undefined, undefined, undefined, blob(text).cid),
    };
  };

  test('lets go of a blob when its max-age is over, whose ever it is', async () => {
    let now = 1_000_000;
    const { look, publish, fetched } = await calls(() => now);
    await publish('own', 60);
    await fetched('fetched', 60);
    now += 59_999;
    expect([await look('own'), await look('fetched')]).toEqual([true, true]);
    now += 1;
    expect([await look('own'), await look('fetched')]).toEqual([false, false]);
  });

  test('does not keep a fetched blob with max-age 0', async () => {
    const { look, fetched } = await calls(() => 0);
    await fetched('x', 0);
    expect(await look('x')).toBe(false);
  });

  test('lets the oldest of those fetched go, and none of our own', async () => {
    const { look, publish, fetched } = await calls(Date.now);
    await publish('own');
    for (let count = 0; count < 201; count++) await fetched(`${count}`);
    expect([await look('own'), await look('0'), await look('200')]).toEqual([true, false, true]);
  });

  test('tells whether there was a blob to remove', async () => {
    const { publish, remove } = await calls(Date.now);
    await publish('x');
    expect([await remove('x'), await remove('x')]).toEqual([true, false]);
  });
});

test('the store on disk refuses a blob of our own that it could not check', async () => {
  const { set_bob } = await onDisk();
  const blob = { cid: 'photo@example.org', type: 'image/png', bytes: Buffer.of() };
  await expect(set_bob(undefined, undefined, undefined, blob)).rejects.toThrow(RangeError);
});
