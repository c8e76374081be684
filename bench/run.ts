/*
 * Measures inband beside slixmpp, aioxmpp and the ceiling, on servers of its own, in one run; prints a
 * table and writes it to bench/RESULTS.md. An argument runs only the sections whose title contains it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { startEjabberd } from '../test/support/servers/ejabberd.js';
import { startProsody } from '../test/support/servers/prosody.js';
import { inband, python, type Result, raw } from './contestants.js';
import { startDelayProxy } from './delay-proxy.js';
import { measureFetches } from './fetches.js';
import { describeInBlocks } from './in-blocks.js';
import { LANE_SECTIONS } from './lane-sections.js';
import { median } from './median.js';
import type { Section } from './section.js';
import { measureStartup } from './startup.js';

const RUNS = 3;
const MB = 1_000_000;
const RESULTS = new URL('RESULTS.md', import.meta.url);

const slixmpp = python('slixmpp');
const aioxmpp = python('aioxmpp');
const limited = () => startProsody({ rateLimit: '10kb/s' });

/** Bytes in a block whose stanza just fills fifteen records, and which each server takes. */
const LARGE = 45_900;

const SECTIONS: Section[] = [
  {
    title: 'Prosody, round trip ~0, iq',
    server: startProsody,
    contestants: [
      ['inband', inband(), 48 * MB],
      ['inband --block-size 4096', inband(['--block-size', '4096']), 24 * MB],
      [
        'inband --block-size 4096 --window 1',
        inband(['--block-size', '4096', '--window', '1']),
        8 * MB,
      ],
      ['slixmpp', slixmpp, 4 * MB],
      ['aioxmpp', aioxmpp, MB],
      ['ceiling, 4096, window 1', raw(1), 16 * MB],
      ['ceiling, 4096, window 64', raw(64), 16 * MB],
      ['ceiling, aligned, window 4', raw(4, LARGE), 64 * MB],
      ['ceiling, aligned, window 64', raw(64, LARGE), 64 * MB],
    ],
  },
  ...[10, 50, 150].map((roundTrip) => ({
    title: `Prosody, round trip ${roundTrip} ms, iq`,
    server: startProsody,
    roundTrip,
    contestants: [
      ['inband', inband(), 48 * MB],
      ['slixmpp', slixmpp, 0.1 * MB],
      ['aioxmpp', aioxmpp, 0.1 * MB],
      ['ceiling, 4096, window 256', raw(256), 32 * MB],
      ['ceiling, aligned, window 64', raw(64, LARGE), 64 * MB],
    ] as Section['contestants'],
  })),
  {
    title: 'Prosody, round trip ~0, messages',
    server: startProsody,
    mode: 'message',
    contestants: [
      ['inband', inband(), 48 * MB],
      ['slixmpp', slixmpp, 8 * MB],
      ['aioxmpp', aioxmpp, 2 * MB],
      ['ceiling, 4096', raw(1), 16 * MB],
      ['ceiling, aligned', raw(1, LARGE), 64 * MB],
    ],
  },
  {
    title: 'ejabberd, round trip ~0, iq',
    server: startEjabberd,
    contestants: [
      ['inband', inband(), 128 * MB],
      ['inband --block-size 4096', inband(['--block-size', '4096']), 64 * MB],
      ['slixmpp', slixmpp, 8 * MB],
      ['ceiling, 4096, window 64', raw(64), 64 * MB],
      ['ceiling, aligned, window 64', raw(64, LARGE), 128 * MB],
    ],
  },
  ...[10, 50, 150].map((roundTrip) => ({
    title: `ejabberd, round trip ${roundTrip} ms, iq`,
    server: startEjabberd,
    roundTrip,
    contestants: [
      ['inband', inband(), 64 * MB],
      ['ceiling, 4096, window 256', raw(256), 64 * MB],
      ['ceiling, aligned, window 64', raw(64, LARGE), 64 * MB],
    ] as Section['contestants'],
  })),
  {
    title: 'Prosody limiting clients to 10 kB/s, iq',
    server: limited,
    contestants: [['inband', inband(), 0.2 * MB]],
  },
  ...(['iq', 'message'] as const).map((mode) => ({
    title: `ejabberd, memory, ${mode}`,
    server: startEjabberd,
    mode,
    contestants: [
      ['inband, 16 MiB', inband(), 16 * 2 ** 20],
      ['inband, 512 MiB', inband(), 512 * 2 ** 20],
    ] as Section['contestants'],
  })),
  ...LANE_SECTIONS,
];

await main(process.argv[2] ?? '');

async function main(only: string): Promise<void> {
  const chapters: string[] = [];
  const wanted = (title: string) => title.includes(only);
  for (const section of SECTIONS.filter(({ title }) => wanted(title))) {
    chapters.push(await runSection(section));
    console.log(chapters.at(-1));
  }
  for (const [title, measure] of [
    ['Process start to online, Prosody', measureStartup],
    ['Blobs fetched a second, Prosody', measureFetches],
  ] as const) {
    if (!wanted(title)) continue;
    chapters.push(`## ${title}\n\n${await measure(RUNS)}`);
    console.log(chapters.at(-1));
  }
  if (chapters.length === 0) throw new Error(`no section has "${only}" in its title`);
  if (!only)
    writeFileSync(RESULTS, `# Results\n\n${circumstances()}\n\n${chapters.join('\n\n')}\n`);
}

async function runSection({ title, contestants, ...section }: Section): Promise<string> {
  const server = await section.server();
  const proxy = section.roundTrip && (await startDelayProxy(server.port, section.roundTrip / 2));
  const rows: string[] = [];
  try {
    for (const [name, contestant, bytes] of contestants) {
      const results: Result[] = [];
      for (let run = 0; run < RUNS; run++) {
        results.push(
          await contestant({
            server,
            senderPort: proxy ? proxy.port : server.port,
            mode: section.mode ?? 'iq',
            to: section.to ?? 'bob',
            bytes,
          }),
        );
      }
      rows.push(row(name, bytes, results));
    }
  } finally {
    if (proxy) proxy.close();
    await server.stop();
  }
  const head =
    '| | MB/s (lowest – highest) | CPU s/MB, sender + receiver | peak RSS MB, sender / receiver | bytes in a block × blocks under way |\n|---|---|---|---|---|';
  return `## ${title}\n\n${[head, ...rows].join('\n')}`;
}

function row(name: string, bytes: number, results: Result[]): string {
  const rates = results.map(({ seconds }) => bytes / seconds / MB).sort((a, b) => a - b);
  const [lowest = 0, middle = 0, highest = 0] = rates.map((rate) => Number(rate.toPrecision(3)));
  const cpu = median(
    results.map(({ sender, receiver }) => ((sender.cpu + receiver.cpu) / bytes) * MB),
  );
  const rss = (side: 'sender' | 'receiver') =>
    Math.round(Math.max(...results.map((result) => result[side].rss)) / MB);
  const costs = cpu > 0 ? `${cpu.toFixed(3)} | ${rss('sender')} / ${rss('receiver')}` : '– | –';
  return `| ${name} | **${middle}** (${lowest} – ${highest}) | ${costs} | ${describeInBlocks(results)} |`;
}

function circumstances(): string {
  const version = (name: string) => {
    try {
      const [, found] =
        /^Version: (.+)$/m.exec(execFileSync('dpkg', ['-s', name]).toString()) ?? [];
      return `${name} ${found}`;
    } catch {
      return `${name} (not from Debian)`;
    }
  };
  const packages = ['prosody', 'ejabberd', 'python3-slixmpp', 'python3-aioxmpp'].map(version);
  const { version: own } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const machine = `${cpus().length} × ${cpus()[0]?.model}`;
  return `${new Date().toISOString().slice(0, 10)}, ${machine}, loopback, TLS. inband ${own}, Node ${process.versions.node}, ${packages.join(', ')}. Payload megabytes (10^6 bytes) a second, medians of ${RUNS}; servers without rate limits unless said; ejabberd with threads that do not spin while they wait (+sbwt none). The ceiling: stanzas prepared beforehand, written straight to a logged-in TLS socket and answered at once, without stream management; aligned: in blocks of ${LARGE} bytes, each filled up to whole TLS records of 4096.`;
}
