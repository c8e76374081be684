import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import { systemProcesses } from '../../../src/storage/lock/processes.js';
import { type Running, start } from '../../support/programs/process.js';
import { temporaryFolders } from '../temporary-folder.js';
import { contentOf } from './inbox-files.js';

const temporaryFolder = temporaryFolders();

const SYSTEM = { files: fs, processes: systemProcesses, now: Date.now };

const WORKER = join(import.meta.dirname, './inbox-worker.ts');

const work = (folder: string, files: number): Running =>
  start(process.execPath, ['--import', 'tsx', WORKER, folder, `${files}`], { stdin: '' });

/** Kills it once it has printed so many lines; resolves to all that it printed. */
async function killAfter(lines: number, worker: Running): Promise<string> {
  worker.child.stdout?.on('data', () => {
    if (worker.stdout().split('\n').length > lines) worker.child.kill('SIGKILL');
  });
  expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(worker.stderr()).toBe('');
  return worker.stdout();
}

/** Removes the files that arrived. Throws when a name in the inbox is not that of a whole one. */
async function takeFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = Number.parseInt(name, 10); // `0 (1)` came again: it had arrived, and nobody had heard
    if (name === '.inband') continue;
    const content = await readFile(join(folder, name));
    if (!content.equals(contentOf(file))) throw new Error(`${name} is not whole`);
    await unlink(join(folder, name));
  }
}

test('killed at any moment, twenty times, it leaves only whole files, goes on where it was, and ends (R3)', async () => {
  const folder = await temporaryFolder();
  const files = 5;
  const offsets: number[] = [];
  for (let run = 0; run < 20; run++) {
    const lines = 1 + Math.floor(Math.random() * 500);
    const output = await killAfter(lines, work(folder, files));
    offsets.push(...[...output.matchAll(/ from (\d+)/g)].map(([, offset]) => Number(offset)));
    await takeFiles(folder);
  }
  expect(offsets.some((offset) => offset > 0)).toBe(true);
  const last = work(folder, files);
  expect(await last.exited).toEqual({ code: 0, signal: null });
  await takeFiles(folder);
  expect(await readdir(join(folder, '.inband'))).toEqual([]);
}, 180_000);

test('a second process is told which one has the inbox, until that is killed (R43)', async () => {
  const folder = await temporaryFolder();
  const worker = work(folder, 1000);
  await worker.line(/^locked$/);
  await expect(openInbox(folder)).rejects.toMatchObject({
    name: 'FolderInUse',
    pid: worker.child.pid,
    message: expect.stringContaining(`${folder} is in use`),
  });
  await worker.line(/^\.$/);
  await worker.stop('SIGKILL');
  const inbox = await openInbox(folder);
  await takeFiles(folder);
  await inbox.close();
});

/** Runs a program in a PID namespace of its own, as a container does. */
const APART = ['--pid', '--fork', '--mount-proc', '--kill-child'];
const mayBeApart = spawnSync('unshare', [...APART, 'true']).status === 0;

/** Where that is not allowed, the worker says of itself that it is there. */
function workElsewhere(folder: string): Running {
  const program = [process.execPath, '--import', 'tsx', WORKER, folder, '1000'];
  const [command = '', ...args] = mayBeApart
    ? ['unshare', ...APART, ...program]
    : [...program, 'elsewhere'];
  return start(command, args, { stdin: '' });
}

test('a process in another PID namespace keeps the inbox, and the file that it receives, until its heart stands still (R84)', async () => {
  const folder = await temporaryFolder();
  const worker = workElsewhere(folder);
  await worker.line(/^\.$/);
  const warnings: string[] = [];
  await expect(openInbox(folder, { warn: (text) => warnings.push(text) })).rejects.toThrow(
    'in another container or on another host',
  );
  expect(warnings).toEqual([expect.stringContaining('waiting up to 30 s')]);
  // It goes on.
  worker.child.stdout?.resume();
  await once(worker.child.stdout as Readable, 'data');
  await worker.stop('SIGKILL');
  // Nothing is left that could beat, however long one waits.
  const inbox = await openInbox(folder, {}, { ...SYSTEM, sleep: () => setImmediate() });
  await takeFiles(folder);
  await inbox.close();
});
