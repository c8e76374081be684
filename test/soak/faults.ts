// Schedules of faults between a sender and a recipient, ten at a time: tsx test/soak/faults.ts [seeds] (5000) [beside].
// With "beside" each file may go by a proxy beside the XMPP stream, whose connections are cut, closed, altered and stalled;
// without it every third may, and none is stalled.
// Ends with 1 at the first success that is none, or transfer that hangs.
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultyTransfer, wasBeside } from '../e2e/broken/faulty-transfer.js';
import { startProsody } from '../support/servers/prosody.js';

const AT_A_TIME = 10;

const seeds = Number(process.argv[2] ?? 5000);
const beside = process.argv[3] === 'beside' ? 'always' : undefined;
const first = Number(process.env.INBAND_SEED ?? randomInt(2 ** 31));
const server = await startProsody({ proxy: true });
let [next, ended, arrived, besides] = [0, 0, 0, 0];
const tell = () =>
  process.stdout.write(
    `${ended} schedules, ${arrived} files arrived, ${besides} of them beside the stream\n`,
  );
const work = async () => {
  while (next < seeds) {
    const seed = first + next++;
    const folder = await mkdtemp(join(tmpdir(), 'inband-soak-'));
    const { outcome, faults, story } = await faultyTransfer(server, folder, seed, beside);
    await rm(folder, { recursive: true });
    if (outcome === 'arrived') arrived += 1;
    if (outcome === 'arrived' && wasBeside(story)) besides += 1;
    if (outcome === 'hung' || outcome === 'false success') {
      throw new Error([`${outcome} with seed ${seed}`, ...faults, ...story].join('\n'));
    }
    ended += 1;
    if (ended % 100 === 0 || ended === seeds) tell();
  }
};
await Promise.all(Array.from({ length: AT_A_TIME }, work));
await server.stop();
