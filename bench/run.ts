/*
 * Measures inband beside slixmpp, aioxmpp and the ceiling, on servers of its own, in one run; prints a
 * table and writes it to bench/RESULTS.md. An argument runs only the sections whose title contains it, and the others
 * stay in the file as they are.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { measureBeginning } from './beginning.js';
import type { Result } from './contestants.js';
import { startDelayProxy } from './delay-proxy.js';
import { measureFetches } from './fetches.js';
import { describeInBlocks } from './in-blocks.js';
import { median } from './median.js';
import { writeChapter } from './results-file.js';
import { measureSealing } from './sealing.js';
import type { Section } from './section.js';
import { LARGE, MB, SECTIONS } from './sections.js';
import { measureStartup } from './startup.js';

const RUNS = 3;

/** Each with how it is measured. */
const CHAPTERS: [title: string, measure: () => Promise<string>][] = [
  ...SECTIONS.map((section): [string, () => Promise<string>] => [
    section.title,
    () => runSection(section),
  ]),
  [
    'Until a file begins in-band, no proxy anywhere, round trip 50 ms',
    () => measureBeginning(RUNS),
  ],
  ['Process start to online, Prosody', () => measureStartup(RUNS)],
  ['Blobs fetched a second, Prosody', () => measureFetches(RUNS)],
  ['Sealed and opened, on a channel in memory', () => measureSealing(RUNS)],
];

await main(process.argv[2] ?? '');

async function main(only: string): Promise<void> {
  const wanted = CHAPTERS.filter(([title]) => title.includes(only));
  if (wanted.length === 0) throw new Error(`no section has "${only}" in its title`);
  const order = CHAPTERS.map(([title]) => title);
  for (const [title, measure] of wanted) {
    const text = `${await measure()}\n\n${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0]?.toFixed(1)}.`;
    console.log(`## ${title}\n\n${text}`);
    writeChapter(circumstances(), { title, text }, order);
  }
}

async function runSection({ contestants, ...section }: Section): Promise<string> {
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
  return [head, ...rows].join('\n');
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
  return `${machine}, loopback, TLS. inband ${own}, Node ${process.versions.node}, ${packages.join(', ')}. Payload megabytes (10^6 bytes) a second, medians of ${RUNS}; servers without rate limits unless said; ejabberd with threads that do not spin while they wait (+sbwt none). The ceiling: stanzas prepared beforehand, written straight to a logged-in TLS socket and answered at once, without stream management; aligned: in blocks of ${LARGE} bytes, each filled up to whole TLS records of 4096.`;
}
