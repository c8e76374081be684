import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { memoryChannels } from '../test/protocol/seal/memory-channels.js';
import { pairOfSeals } from '../test/protocol/seal/seals.js';
import { median } from './median.js';

const MB = 1_000_000;
const BYTES = 128 * MB;
/** Written at a time, as a file is read. */
const CHUNK = 65_536;

/** Megabytes for each second of the processor that are sealed, and opened, on a channel in memory. */
export async function measureSealing(runs: number): Promise<string> {
  const text = Buffer.from('Parting is such sweet sorrow. '.repeat(CHUNK / 30 + 1));
  const contents: [name: string, chunk: Buffer, mayDeflate: boolean][] = [
    ['bytes that do not shrink', randomBytes(CHUNK), true],
    ['text, deflated', text.subarray(0, CHUNK), true],
    ['text, not deflated', text.subarray(0, CHUNK), false],
  ];
  const rows: string[] = [];
  for (const [name, chunk, mayDeflate] of contents) {
    const all: [sealing: number, opening: number][] = [];
    for (let run = 0; run < runs; run += 1) all.push(await carry(chunk, mayDeflate));
    const cells = [0, 1].map((side) => cellOf(all.map((rates) => rates[side] ?? 0)));
    rows.push(`| ${name} | ${cells.join(' | ')} |`);
  }
  const head = '| | sealed, MB/CPU s (lowest – highest) | opened, MB/CPU s (lowest – highest) |';
  return [head, '|---|---|---|', ...rows].join('\n');
}

function cellOf(rates: number[]): string {
  const [lowest, highest] = [Math.min(...rates), Math.max(...rates)].map(Math.round);
  return `**${Math.round(median(rates))}** (${lowest} – ${highest})`;
}

/** Seals bytes, and then opens them, each by itself, as sender and recipient are two programs. */
async function carry(chunk: Buffer, mayDeflate: boolean): Promise<[number, number]> {
  const seals = pairOfSeals({ mayDeflate });
  const [one, other] = [memoryChannels(), memoryChannels()];
  const messages: Buffer[] = [];
  const sealing = await rateOf(async () => {
    const taking = each(one.hers, (message) => messages.push(message));
    const his = seals.his.wrap(one.his);
    for (let left = BYTES; left > 0; left -= chunk.length) await written(his, chunk);
    his.end();
    await taking;
  });
  const opening = await rateOf(async () => {
    let count = 0;
    const taking = each(seals.hers.wrap(other.hers), (bytes) => {
      count += bytes.length;
    });
    for (const message of messages) await written(other.his, message);
    other.his.end();
    await taking;
    if (count < BYTES) throw new Error(`${count} of ${BYTES} bytes came`);
  });
  return [sealing, opening];
}

async function written(channel: Duplex, bytes: Buffer): Promise<void> {
  if (!channel.write(bytes)) await once(channel, 'drain');
}

async function each(channel: Duplex, take: (bytes: Buffer) => void): Promise<void> {
  for await (const bytes of channel.iterator({ destroyOnReturn: false })) take(bytes);
}

async function rateOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return BYTES / MB / ((user + system) / 1e6);
}
