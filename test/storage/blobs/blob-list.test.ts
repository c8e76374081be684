import { expect, test } from '@jest/globals';
import type { BlobFolder } from '../../../src/storage/blobs/blob-folder.js';
import { listBlobs } from '../../../src/storage/blobs/blob-list.js';

const folderWith = (maxAge: number) =>
  ({
    list: async () => [
      {
        id: { algorithm: 'sha1', hash: '00' },
        ...{ type: 'image/png', size: 1, maxAge, storedAt: new Date(0) },
      },
    ],
  }) as unknown as BlobFolder;

test('a blob that is kept beyond all dates has none at which it expires (R80)', async () => {
  const [published, cached] = await listBlobs(
    folderWith(Number.MAX_SAFE_INTEGER),
    folderWith(60),
    ({ hash }) => hash,
  );
  expect(published?.expires).toBeUndefined();
  expect(cached?.expires).toEqual(new Date(60_000));
});
