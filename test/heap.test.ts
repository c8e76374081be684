import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const MODULE = new URL('../src/heap.ts', import.meta.url).href;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What lives as long as a block under way, 64 MiB of it, in turns of the event loop; then the young generation's bytes. */
const PROGRAM = `
  import { setImmediate } from 'node:timers/promises';
  import { getHeapSpaceStatistics } from 'node:v8';
  const { limitHeap } = await import(process.argv[1]);
  if (process.argv[2] === 'limited') limitHeap();
  const alive = [];
  for (let block = 0; block < 16_384; block++) {
    alive.push(Array.from({ length: 512 }, (_, index) => block + index + 0.5));
    if (alive.length > 512) alive.shift();
    if (block % 16 === 0) await setImmediate();
  }
  console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
`;

async function grown(kind: 'limited' | 'unlimited'): Promise<number> {
  const flags = ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, MODULE, kind], {
    cwd: ROOT,
  });
  return Number(stdout);
}

test('the young generation stays at 8 MiB, however much passes through', async () => {
  expect(await grown('limited')).toBe(8 * 1024 * 1024);
  expect(await grown('unlimited')).toBeGreaterThan(8 * 1024 * 1024);
});
