/*
 * Compares this checkout with another one, by turns on one machine: what differs between two runs a minute apart is
 * often the machine. Prints for each row the median of the pairs' ratios (this one to the other) and their spread.
 *
 * against.ts <folder of the other checkout, built> [row] [pairs] [flags of this one's send]
 * A row: all whose title contains it. Flags: `--encrypt off`, where the other one does not encrypt.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { start } from '../test/support/programs/process.js';
import { startEjabberd } from '../test/support/servers/ejabberd.js';
import { SHIPPED_RATE, startProsody } from '../test/support/servers/prosody.js';
import type { TestServer } from '../test/support/servers/server.js';
import { type Contestant, inband, inbandFiles, type Job, type Result } from './contestants.js';
import { startDelayProxy } from './delay-proxy.js';
import { describeInBlocks } from './in-blocks.js';
import { median } from './median.js';

const MB = 1_000_000;
const MIB = 2 ** 20;

interface Row {
  title: string;
  server: () => Promise<TestServer>;
  /** Milliseconds of round trip added on the sender's side. */
  roundTrip?: number;
  mode?: Job['mode'];
  bytes: number;
  /** Of one checkout, whose launcher is told. Default: one file. */
  contestant?: (flags: string[], launcher: string) => Contestant;
}

const SMALL_FILES = { count: 200, bytes: 4096 };
const small = (flags: string[], launcher: string) =>
  inbandFiles(SMALL_FILES.count, launcher, [], flags);
/** To an inbox with one place. */
const inTurn = (flags: string[], launcher: string) =>
  inbandFiles(SMALL_FILES.count, launcher, ['--max-sessions', '1'], flags);
const smallBytes = SMALL_FILES.count * SMALL_FILES.bytes;

const ROWS: Row[] = [
  { title: 'Prosody, ~0, iq', server: startProsody, bytes: 24 * MB },
  { title: 'Prosody, ~0, messages', server: startProsody, mode: 'message', bytes: 24 * MB },
  { title: 'Prosody, 50 ms, iq', server: startProsody, roundTrip: 50, bytes: 24 * MB },
  { title: 'ejabberd, ~0, iq', server: startEjabberd, bytes: 64 * MB },
  { title: 'ejabberd, 50 ms, iq', server: startEjabberd, roundTrip: 50, bytes: 48 * MB },
  {
    title: 'limiter, 10 kB/s',
    server: () => startProsody({ rateLimit: SHIPPED_RATE }),
    bytes: 0.2 * MB,
  },
  { title: 'small files, ~0', server: startProsody, bytes: smallBytes, contestant: small },
  {
    title: 'small files, 50 ms',
    server: startProsody,
    roundTrip: 50,
    bytes: smallBytes,
    contestant: small,
  },
  ...[0, 50].map((roundTrip) => ({
    title: `small files one after the other, ${roundTrip || '~0'}${roundTrip ? ' ms' : ''}`,
    ...{ server: startProsody, roundTrip, bytes: smallBytes, contestant: inTurn },
  })),
  { title: 'memory, 512 MiB', server: startEjabberd, bytes: 512 * MIB },
];

const [other = '', only = '', pairs = '7', ...flags] = process.argv.slice(2);
const withStart = 'start'.includes(only);
const launcher = (checkout: string) => resolve(checkout, 'bin/inband.js');

await main();

async function main(): Promise<void> {
  const rows = ROWS.filter(({ title }) => title.includes(only));
  if (rows.length === 0 && !withStart) throw new Error(`no row has "${only}" in its title`);
  if (withStart) await compareStarts();
  for (const row of rows) await compare(row);
}

async function compare(row: Row): Promise<void> {
  const server = await row.server();
  const proxy = row.roundTrip && (await startDelayProxy(server.port, row.roundTrip / 2));
  const job = {
    server,
    senderPort: proxy ? proxy.port : server.port,
    mode: row.mode ?? 'iq',
    bytes: row.bytes,
  } as const;
  const { contestant = inband } = row;
  const run = (checkout: string) =>
    contestant(checkout === other ? [] : flags, launcher(checkout))(job);
  try {
    const results: [own: Result, other: Result][] = [];
    for (let pair = 0; pair < Number(pairs); pair++) results.push(await turn(run, pair));
    report(row, results);
  } finally {
    if (proxy) proxy.close();
    await server.stop();
  }
}

/** Who begins changes from pair to pair. */
async function turn<T>(run: (checkout: string) => Promise<T>, pair: number): Promise<[T, T]> {
  if (pair % 2 === 0) return [await run('.'), await run(other)];
  const first = await run(other);
  return [await run('.'), first];
}

function report({ title, bytes }: Row, results: [Result, Result][]): void {
  const rate = ({ seconds }: Result) => bytes / seconds / MB;
  const cpu = (of: 'sender' | 'receiver') => (result: Result) => (result[of].cpu / bytes) * MB;
  const rss = (of: 'sender' | 'receiver') => (result: Result) => result[of].rss / MB;
  console.log(`${title} (load ${loadavg()[0]?.toFixed(1)})`);
  console.log(`  in blocks of           ${describeInBlocks(results.map(([own]) => own))}`);
  for (const [name, figure] of [
    ['MB/s', rate],
    ['CPU s/MB, sender', cpu('sender')],
    ['CPU s/MB, receiver', cpu('receiver')],
    ['CPU s/MB, both', (result: Result) => cpu('sender')(result) + cpu('receiver')(result)],
    ['peak RSS MB, sender', rss('sender')],
    ['peak RSS MB, receiver', rss('receiver')],
  ] as const) {
    line(
      name,
      results.map(([own, others]) => [figure(own), figure(others)]),
    );
  }
}

function line(name: string, pairs: [own: number, other: number][]): void {
  const ratios = pairs.map(([own, others]) => own / others).sort((a, b) => a - b);
  const [own, others] = [median(pairs.map(([a]) => a)), median(pairs.map(([, b]) => b))];
  const spread = `${ratios[0]?.toFixed(2)} – ${ratios.at(-1)?.toFixed(2)}`;
  const figures = `${own.toPrecision(3)} : ${others.toPrecision(3)}`;
  console.log(
    `  ${name.padEnd(22)} ${figures.padEnd(20)} × ${median(ratios).toFixed(2)} (${spread})`,
  );
}

async function compareStarts(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'inband-bench-'));
  await writeFile(join(home, 'empty'), '');
  const times: [number, number][] = [];
  const run = async (checkout: string) => {
    const before = performance.now();
    const env = { ...process.env, HOME: home };
    await start(process.execPath, [launcher(checkout), '--version'], { env, stdin: '' }).exited;
    return performance.now() - before;
  };
  for (let pair = 0; pair < 3 * Number(pairs); pair++) times.push(await turn(run, pair));
  console.log('start');
  line('--version, ms', times);
  await rm(home, { recursive: true, force: true });
}
