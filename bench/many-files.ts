/*
 * Sends many small files to Prosody in three ways by turns: side by side, one after the other (to an inbox with one
 * place), and packed by tar. Prints the seconds of the sender's whole process.
 *
 * many-files.ts [files, 1000] [milliseconds of round trip on the sender's side, 0] [turns, 1]
 */
import { loadavg } from 'node:os';
import { startProsody } from '../test/support/servers/prosody.js';
import { inbandFiles, inbandTar } from './contestants.js';
import { startDelayProxy } from './delay-proxy.js';
import { median } from './median.js';

const FILE_BYTES = 4096;

const [count = 1000, roundTrip = 0, turns = 1] = process.argv.slice(2).map(Number);

const server = await startProsody();
const proxy = await startDelayProxy(server.port, roundTrip / 2);
const job = { server, senderPort: proxy.port, mode: 'iq', bytes: count * FILE_BYTES } as const;
const ways = [
  ['side by side', inbandFiles(count)],
  ['one after the other', inbandFiles(count, undefined, ['--max-sessions', '1'])],
  ['tar', inbandTar(count)],
] as const;
const seconds = new Map<string, number[]>(ways.map(([name]) => [name, []]));
try {
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [name, send] of ways) seconds.get(name)?.push((await send(job)).seconds);
  }
  console.log(`${count} files, ${roundTrip} ms (load ${loadavg()[0]?.toFixed(1)})`);
  for (const [name, times] of seconds)
    console.log(`  ${name.padEnd(20)} ${median(times).toFixed(2)} s`);
} finally {
  proxy.close();
  await server.stop();
}
