import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { digest } from '../../../src/protocol/bob/content-id.js';
import { BlobFolder } from '../../../src/storage/blobs/blob-folder.js';

const WORKER = join(import.meta.dirname, 'blob-folder-worker.ts');

export interface Job {
  seed: number;
  operations: number;
  /** Lines of its output after which it is killed; it prints one after every ten operations. */
  killAfter: number;
  /** Milliseconds after which it is taken for hanging. */
  timeout: number;
}

/** One process at work on a folder. Resolves to its hits; rejects when it ends in any way but as it should. */
export async function work(root: string, job: Job): Promise<number> {
  const { seed, operations, killAfter, timeout } = job;
  const args = ['--import', 'tsx', WORKER, root, `${seed}`, `${operations}`];
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = spawn(process.execPath, args, {
    stdio: [...stdio],
    timeout,
    killSignal: 'SIGABRT',
  });
  const exit = once(child, 'close');
  let errors = '';
  child.stderr?.on('data', (text) => {
    errors += text;
  });
  let lines = 0;
  let hits = 0;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    lines += 1;
    hits = Number.parseInt(line, 10);
    if (lines === killAfter) child.kill('SIGKILL');
  }
  const [code, signal] = await exit;
  const killed = lines >= killAfter;
  if (errors || signal !== (killed ? 'SIGKILL' : null) || code !== (killed ? null : 0)) {
    throw new Error(`process ${seed} ended with ${code ?? signal}: ${errors}`);
  }
  return hits;
}

/**
 * Throws when data in the folder is damaged, or when anything is left, once the future has come, that is not part
 * of a whole blob within the limits.
 */
export async function inspect(root: string, limits: { entries: number; bytes: number }) {
  for (const path of await readdir(root, { recursive: true })) {
    const [algorithm = '', , hash = ''] = path.split('/');
    if (!/^[0-9a-f]+$/.test(hash)) continue;
    const actual = digest(algorithm, await readFile(join(root, path)));
    if (actual !== hash) throw new Error(`${path} is damaged: its hash is ${actual}`);
  }
  const now = () => Date.now() + 2 * 60 * 60 * 1000; // what is left over is at work no more
  const folder = new BlobFolder(root, { digest, now, limits });
  await folder.prune();
  const files = (await readdir(root, { recursive: true })).filter(
    (path) => path.split('/').length === 3,
  );
  const blobs = await folder.list();
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  if (files.length !== 2 * blobs.length) throw new Error(`left over: ${files.join(' ')}`);
  if (blobs.length > limits.entries || bytes > limits.bytes) throw new Error('beyond the limits');
}
