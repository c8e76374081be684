import { expect, test } from '@jest/globals';
import { temporaryFolders } from '../temporary-folder.js';
import { inspect, work } from './blob-crowd.js';

const temporaryFolder = temporaryFolders();

test('twenty processes share a folder, some killed at work, and none reads or leaves a damaged blob (R58)', async () => {
  const root = await temporaryFolder();
  const ends = await Promise.all(
    Array.from({ length: 20 }, (_, seed) => {
      const killAfter = seed < 12 ? Number.POSITIVE_INFINITY : seed - 11;
      return work(root, { seed, operations: 100, killAfter, timeout: 50_000 });
    }),
  );
  for (const hits of ends.slice(0, 12)) expect(hits).toBeGreaterThan(5);
  await inspect(root, { entries: 20, bytes: 200_000 });
});
