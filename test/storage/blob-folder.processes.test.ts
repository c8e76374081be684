import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { digest } from '../../src/protocol/bob/content-id.js';
import { BlobFolder } from '../../src/storage/blob-folder.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();

const WORKER = join(import.meta.dirname, 'blob-folder-worker.ts');

/** Resolves when the process ends, killed after so many lines of its output, if it gets there. */
async function work(root: string, seed: number, operations: number, killAfter: number) {
  const args = ['--import', 'tsx', WORKER, root, `${seed}`, `${operations}`];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 40_000, // ms; ends a process that hangs, which fails the test
    killSignal: 'SIGABRT',
  });
  const exit = once(child, 'close');
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  let lines = 0;
  let hits = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    lines += 1;
    hits = Number.parseInt(line, 10);
    if (lines === killAfter) child.kill('SIGKILL');
  }
  const [code, signal] = await exit;
  return { code, signal, errors, hits };
}

test('many processes share a folder, some killed at work, and none reads or leaves a damaged blob', async () => {
  const root = await temporaryFolder();
  const never = Number.POSITIVE_INFINITY;
  const killAfter = [never, never, never, never, 2, 5, 9, 14];
  const ends = await Promise.all(killAfter.map((lines, seed) => work(root, seed, 300, lines)));

  for (const [seed, { code, signal, errors, hits }] of ends.entries()) {
    expect(errors).toBe('');
    expect([code, signal]).toEqual(killAfter[seed] === never ? [0, null] : [null, 'SIGKILL']);
    if (killAfter[seed] === never) expect(hits).toBeGreaterThan(20);
  }

  for (const path of await readdir(root, { recursive: true })) {
    const [algorithm = '', , hash = ''] = path.split('/');
    if (!/^[0-9a-f]+$/.test(hash)) continue;
    expect(digest(algorithm, await readFile(join(root, path)))).toBe(hash);
  }

  // The future has no more leftovers at work: what is left is whole and within the limits.
  const now = () => Date.now() + 2 * 60 * 60 * 1000;
  const folder = new BlobFolder(root, { digest, now, limits: { entries: 20, bytes: 200_000 } });
  await folder.put(
    { algorithm: 'sha1', hash: digest('sha1', Buffer.of()) },
    { type: 'a/b', bytes: Buffer.of() },
  );
  await folder.prune();
  const names = (await readdir(root, { recursive: true })).filter(
    (path) => path.split('/').length === 3,
  );
  expect(names.length).toBe(2 * (await folder.list()).length);
  expect(names.length).toBeLessThanOrEqual(40);
});
