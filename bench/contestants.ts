import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { InBlocks } from '../src/protocol/channel.js';
import { connect } from '../src/session/connect.js';
import { xml } from '../src/session/xml.js';
import { accountOf } from '../test/support/programs/inband.js';
import { type Running, start } from '../test/support/programs/process.js';
import type { TestServer } from '../test/support/servers/server.js';
import { inBlocksOf } from './in-blocks.js';

/** One transfer to be timed. */
export interface Job {
  server: TestServer;
  /** Where the sender connects: the server, or a proxy in front of it. */
  senderPort: number;
  mode: 'iq' | 'message';
  /** Whose account gets it. */
  to?: 'alice' | 'bob';
  bytes: number;
}

export interface Result {
  /** From the opening of the bytestream to the acknowledged close. */
  seconds: number;
  /** Bytes in a block, and blocks under way at most, as they were in the end. */
  inBlocks?: InBlocks | undefined;
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
/** Bytes, of all but inband. */
const BLOCK_SIZE = 4096;
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const LAUNCHER = path('../bin/inband.js');

/** The built command line, as users run it. */
export const inband =
  (flags: string[] = [], launcher = LAUNCHER): Contestant =>
  (job) =>
    withFiles([job.bytes], async ([file = ''], folder) => {
      const receiver = await receiving(job, folder, launcher, ['--once']);
      const sender = sending(job, folder, launcher, [...flags, file]);
      const result = await timed(sender, /"event":"start"/, /"event":"done"/, receiver);
      return { ...result, inBlocks: inBlocksOf(sender.stdout()) };
    });

/** The same, timed from the offer until bytes go. */
export const inbandBegins =
  (flags: string[]): Contestant =>
  (job) =>
    withFiles([job.bytes], async ([file = ''], folder) => {
      const receiver = await receiving(job, folder, LAUNCHER, ['--once']);
      const sender = sending(job, folder, LAUNCHER, [...flags, file]);
      return timed(sender, /"event":"offer"/, /"event":"start"/, receiver);
    });

/** To the own server, from the first byte to the answer that it has all. */
export const inbandUpload: Contestant = ({ server, senderPort, bytes }) =>
  withFiles([bytes], async ([file = ''], folder) => {
    const sender = measured([process.execPath, LAUNCHER, 'upload', '--json', file], {
      ...environmentOf(server, 'alice', 'bench', senderPort),
      HOME: folder,
    });
    const seconds = await between(sender, /"event":"start"/, /"event":"uploaded"/);
    return { seconds, sender: await costOf(sender), receiver: { rss: 0, cpu: 0 } };
  });

/** From there into the inbox of whom it was left for, from the first byte to its name. */
export const inbandDownload: Contestant = (job) =>
  withFiles([job.bytes], async ([file = ''], folder) => {
    const from = ['--links', 'alice@localhost', '--links-max-size', `${job.bytes}`];
    const host = ['--links-host', `localhost:${job.server.httpsPort}`];
    const receiver = await receiving(job, folder, LAUNCHER, ['--once', ...from, ...host]);
    // ejabberd copies to others only what somebody gets.
    const { jid, password } = job.server.account('bob');
    const { service, ca } = job.server;
    const phone = await connect({ account: `${jid}/phone`, password, service, ca });
    await phone.send(xml('presence'));
    const sender = sending(job, folder, LAUNCHER, ['--via', 'http', file]);
    const seconds = await between(receiver, /"event":"start"/, /"event":"done"/);
    // What its sender has cost is that of an upload.
    await costOf(sender);
    await phone.close();
    return { seconds, sender: { rss: 0, cpu: 0 }, receiver: await costOf(receiver) };
  });

/** So many files; `flags`: of `receive`, and of `send`. The time of the sender's whole process. */
export const inbandFiles =
  (count: number, launcher = LAUNCHER, flags: string[] = [], ofSend: string[] = []): Contestant =>
  (job) =>
    withFiles(Array(count).fill(job.bytes / count), async (files, folder) => {
      const receiver = await receiving(job, folder, launcher, flags);
      return whole(receiver, () => sending(job, folder, launcher, [...ofSend, ...files]));
    });

/** The same files in one, as tar packs them on the way. */
export const inbandTar =
  (count: number): Contestant =>
  (job) =>
    withFiles(Array(count).fill(job.bytes / count), async (files, folder) => {
      const receiver = await receiving(job, folder, LAUNCHER, []);
      return whole(receiver, () => {
        const sender = sending(job, folder, LAUNCHER, ['-']);
        const tar = spawn('tar', ['c', ...files], { stdio: ['ignore', 'pipe', 'ignore'] });
        tar.stdout.pipe(sender.child.stdin as Writable);
        return sender;
      });
    });

async function whole(receiver: Running, send: () => Running): Promise<Result> {
  const startedAt = performance.now();
  const sender = await costOf(send());
  const seconds = (performance.now() - startedAt) / 1000;
  receiver.child.kill('SIGTERM');
  return { seconds, sender, receiver: await costOf(receiver, ENDED_BY_SIGTERM) };
}

async function receiving(
  { server, to = 'bob' }: Job,
  folder: string,
  launcher: string,
  flags: string[],
): Promise<Running> {
  const args = ['receive', '--allow', 'anyone', '--dir', join(folder, 'inbox'), ...flags];
  const receiver = measured([process.execPath, launcher, ...args, '--json'], {
    ...environmentOf(server, to, 'inband', server.port),
    HOME: folder,
  });
  await receiver.line(/"state":"online"/);
  return receiver;
}

function sending(job: Job, folder: string, launcher: string, args: string[]): Running {
  const how = ['send', '--stanza', job.mode, '--json'];
  const command = [
    process.execPath,
    launcher,
    ...how,
    ...args,
    `${job.to ?? 'bob'}@localhost/inband`,
  ];
  const env = environmentOf(job.server, 'alice', 'bench', job.senderPort);
  return measured(command, { ...env, HOME: folder });
}

/** Without the CAs of this machine: reading them costs CPU that is none of the transfer's. */
const environmentOf = (server: TestServer, name: string, resource: string, port: number) => ({
  ...process.env,
  ...{ SSL_CERT_FILE: undefined, SSL_CERT_DIR: undefined, NODE_EXTRA_CA_CERTS: undefined },
  ...accountOf(server, name, resource),
  INBAND_SERVICE: `xmpp://127.0.0.1:${port}`,
});

/** slixmpp or aioxmpp, as test/peers uses them. */
export const python =
  (library: 'slixmpp' | 'aioxmpp'): Contestant =>
  (job) =>
    withFiles([job.bytes], async ([file = ''], folder) => {
      const run = (name: string, port: number, args: string[]) =>
        measured(
          [
            ...[PYTHON, path(`../test/peers/${library}_peer.py`), `${name}@localhost/peer`],
            ...[String(port), job.server.caPath, ...args],
          ],
          {
            ...process.env,
            BLOCK_SIZE: String(BLOCK_SIZE),
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

/** The ceiling at one window; see raw-peer.ts. `aligned`: with blocks of so many bytes. */
export const raw =
  (window: number, aligned?: number): Contestant =>
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
    const size = aligned ?? BLOCK_SIZE;
    const what = ['bob@localhost/raw', job.bytes, size, window, ...(aligned ? ['aligned'] : [])];
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

const ENDED_BY_SIGTERM = 143;

async function costOf(running: Running, expected = 0): Promise<Cost> {
  const { code } = await running.exited;
  const [, cost] = /^cost (.*)$/m.exec(running.stderr()) ?? [];
  if (code !== expected || !cost) throw new Error(`it failed with ${code}: ${running.stderr()}`);
  return JSON.parse(cost) as Cost;
}

async function withFiles<T>(
  sizes: number[],
  run: (files: string[], folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-bench-'));
  try {
    const files = sizes.map((_, index) => join(folder, `file${index}`));
    for (const [index, file] of files.entries()) {
      // Two of one hash are one file to an inbox, which takes them one after the other.
      // What is sealed is deflated where that pays: a pattern would hardly travel.
      await writeFile(file, randomBytes(sizes[index] ?? 0));
    }
    return await run(files, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
