import { execFileSync } from 'node:child_process';
import { constants, createReadStream, createWriteStream, readdirSync } from 'node:fs';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import {
  type Actor,
  filesIn,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStage,
  resultsOf,
  sha256,
} from '../stage.js';

const stage = prepareStage();

const writers: FileHandle[] = [];
afterEach(() => Promise.all(writers.splice(0).map((writer) => writer.close())));

const ENDINGS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

function fifo(): string {
  const path = join(stage.folder(), 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

/** Publishes a blob as bob, and gives it out. */
async function publish(bytes: Buffer): Promise<string> {
  const path = join(stage.folder(), 'blob');
  await writeFile(path, bytes);
  const bob = stage.inband('bob', ['publish', '--serve', path]);
  await bob.line(/^online as /, 'stderr');
  const [cid = ''] = await firstResults(bob, 1);
  return cid;
}

/** Resolves when the program reads from the pipe. */
async function untilRead(path: string, actor: Actor): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK;
  let writer: FileHandle | undefined;
  await until(async () => {
    // ENXIO as long as nobody reads.
    writer = await open(path, flags).catch(() => undefined);
    return writer !== undefined;
  }, actor);
  writers.push(writer as FileHandle);
}

async function until(ready: () => boolean | Promise<boolean>, actor: Actor): Promise<void> {
  while (!(await ready())) {
    if (actor.child.exitCode !== null) throw new Error(actor.stderr());
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test.each(ENDINGS)(
  'a file that is a pipe without a writer is ended by %s (R100)',
  async (signal, code) => {
    const bob = await stage.receive('bob');
    // A sealed file of which nothing has come is not told of.
    const clear = ['--encrypt', 'off'];
    const alice = stage.inband('alice', ['send', '--verbose', ...clear, fifo(), 'bob@localhost']);
    await alice.line(/^sending /, 'stderr');
    await alice.stop(signal);
    expect(await outcomeOf(alice)).toMatchObject({ code });
    await bob.line(/did not arrive/, 'stderr');
    expect(filesIn(bob.folder)).toEqual([]);
  },
);

test('a file that is a pipe is sent to its end', async () => {
  const path = fifo();
  const bob = await stage.receive('bob', ['--once']);
  const alice = stage.inband('alice', ['send', '--verbose', path, 'bob@localhost']);
  await alice.line(/^sending /, 'stderr');
  const bytes = Buffer.alloc(300_000, 'inband');
  createWriteStream(path).end(bytes);
  expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
  const [arrived = ''] = await resultsOf(bob);
  expect(await hashOfFile(arrived)).toBe(sha256(bytes));
});

test.each([
  ['--password-file', ['--password-file']],
  ['--tls-ca', ['--tls-ca']],
])('%s that is a pipe without a writer is ended by a signal (R100)', async (_, flags) => {
  const path = fifo();
  execFileSync('chmod', ['600', path]);
  const alice = stage.inband('alice', ['probe', '--json', ...flags, path, 'bob@localhost'], {
    env: { INBAND_TLS_CA: undefined },
  });
  await untilRead(path, alice);
  await alice.stop('SIGTERM');
  expect(await outcomeOf(alice)).toMatchObject({ code: 143 });
});

test.each(ENDINGS)(
  'a blob for a pipe without a reader is ended by %s (R100)',
  async (signal, code) => {
    const cid = await publish(Buffer.from('for nobody'));
    const path = fifo();
    const from = ['--from', 'bob@localhost'];
    const alice = stage.inband('alice', ['fetch', '--verbose', ...from, '-o', path, cid]);
    await alice.line(/^online as /, 'stderr');
    const cache = stage.home('alice');
    await until(() => readdirSync(cache).length > 0, alice); // the blob has come
    await alice.stop(signal);
    // While a call blocks the signal itself ends it, which is the same to a shell.
    expect([code, signal]).toContain((await outcomeOf(alice)).code);
  },
);

test('a blob for a pipe is there for its reader', async () => {
  const bytes = Buffer.alloc(65_536, 'blob');
  const cid = await publish(bytes);
  const path = fifo();
  const alice = stage.inband('alice', ['fetch', '--from', 'bob@localhost', '-o', path, cid]);
  const read = buffer(createReadStream(path));
  expect(await outcomeOf(alice)).toMatchObject({ code: 0, stdout: `${path}\n` });
  expect(sha256(await read)).toBe(sha256(bytes));
});

test('a daemon that nohup has started outlives the end of its terminal (R100)', async () => {
  const bob = await stage.receive('bob', ['--once'], { env: { _: '/usr/bin/nohup' } });
  bob.child.kill('SIGHUP');
  const source = join(stage.folder(), 'source');
  await writeFile(source, 'after the end');
  const alice = stage.inband('alice', ['send', source, 'bob@localhost']);
  expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
  expect(await resultsOf(bob)).toHaveLength(1);
});
