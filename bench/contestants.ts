import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accountOf } from '../test/support/inband.js';
import { type Running, start } from '../test/support/process.js';
import type { TestServer } from '../test/support/server.js';

/** One transfer to be timed. */
export interface Job {
  server: TestServer;
  /** Where the sender connects: the server, or a proxy in front of it. */
  senderPort: number;
  mode: 'iq' | 'message';
  bytes: number;
  blockSize: number;
}

export interface Result {
  /** From the opening of the bytestream to the acknowledged close. */
  seconds: number;
  sender: Cost;
  receiver: Cost;
}

/** Of a whole process. */
export interface Cost {
  /** Peak resident memory, bytes. */
  rss: number;
  /** Processor seconds. */
  cpu: number;
}

export type Contestant = (job: Job) => Promise<Result>;

const PYTHON = '/usr/bin/python3';
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The built command line, as users run it. */
export const inband =
  (...flags: string[]): Contestant =>
  (job) =>
    withFile(job.bytes, async (file, folder) => {
      const run = (name: string, resource: string, port: number, args: string[]) =>
        measured([process.execPath, path('../bin/inband.js'), ...args, '--json'], {
          ...process.env,
          ...accountOf(job.server, name, resource),
          HOME: folder,
          INBAND_SERVICE: `xmpp://127.0.0.1:${port}`,
        });
      const receive = ['receive', '--once', '--allow', 'anyone', '--dir', join(folder, 'inbox')];
      const receiver = run('bob', 'inband', job.server.port, receive);
      await receiver.line(/"state":"online"/);
      const how = ['--block-size', String(job.blockSize), '--stanza', job.mode, ...flags];
      const to = [file, 'bob@localhost/inband'];
      const sender = run('alice', 'bench', job.senderPort, ['send', ...how, ...to]);
      return timed(sender, /"event":"start"/, /"event":"done"/, receiver);
    });

/** slixmpp or aioxmpp, as test/peers uses them. */
export const python =
  (library: 'slixmpp' | 'aioxmpp'): Contestant =>
  (job) =>
    withFile(job.bytes, async (file, folder) => {
      const run = (name: string, port: number, args: string[]) =>
        measured(
          [
            ...[PYTHON, path(`../test/peers/${library}_peer.py`), `${name}@localhost/peer`],
            ...[String(port), job.server.caPath, ...args],
          ],
          {
            ...process.env,
            BLOCK_SIZE: String(job.blockSize),
            INBAND_PASSWORD: job.server.account(name).password,
          },
        );
      const receiver = run('bob', job.server.port, [
        'receive',
        'alice@localhost',
        join(folder, 'in'),
      ]);
      await receiver.line(/^ready/);
      const sender = run('alice', job.senderPort, [`send-${job.mode}`, 'bob@localhost/peer', file]);
      return timed(sender, /^opened/, /^done/, receiver);
    });

/** The ceiling at one window; see raw-peer.ts. */
export const raw =
  (window: number): Contestant =>
  async (job) => {
    const run = (name: string, port: number, args: (string | number)[]) =>
      start(
        process.execPath,
        [
          ...['--import', 'tsx', path('raw-peer.ts'), `${name}@localhost/raw`],
          ...[port, job.server.caPath, ...args].map(String),
        ],
        { env: { ...process.env, INBAND_PASSWORD: job.server.account(name).password } },
      );
    const receiver = run('bob', job.server.port, ['receive']);
    await receiver.line(/^ready/);
    const what = ['bob@localhost/raw', job.bytes, job.blockSize, window];
    const sender = run('alice', job.senderPort, [job.mode, ...what]);
    const seconds = await between(sender, /^opened/, /^done/);
    await receiver.stop('SIGKILL');
    const none = { rss: 0, cpu: 0 };
    return { seconds, sender: none, receiver: none };
  };

function measured(command: string[], env: NodeJS.ProcessEnv): Running {
  return start(PYTHON, [path('measure.py'), ...command], { env });
}

async function timed(
  sender: Running,
  opened: RegExp,
  done: RegExp,
  receiver: Running,
): Promise<Result> {
  const seconds = await between(sender, opened, done);
  return { seconds, sender: await costOf(sender), receiver: await costOf(receiver) };
}

async function between(running: Running, first: RegExp, last: RegExp): Promise<number> {
  await running.line(first);
  const startedAt = performance.now();
  await running.line(last, 'stdout', TIMEOUT_MS);
  return (performance.now() - startedAt) / 1000;
}

const TIMEOUT_MS = 600_000;

async function costOf(running: Running): Promise<Cost> {
  const { code } = await running.exited;
  const [, cost] = /^cost (.*)$/m.exec(running.stderr()) ?? [];
  if (code !== 0 || !cost) throw new Error(`it failed with ${code}: ${running.stderr()}`);
  return JSON.parse(cost) as Cost;
}

async function withFile<T>(
  bytes: number,
  run: (file: string, folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-bench-'));
  try {
    const file = join(folder, 'file');
    await writeFile(file, Buffer.alloc(bytes, 'in-band '));
    return await run(file, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
