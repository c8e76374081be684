// Twenty processes read, write, delete and evict in one blob folder, killed at random, again and again:
// tsx test/soak/blob-folder.ts [minutes] (10). Ends with 1 at the first damaged blob, hang or leftover.
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, work } from '../storage/blobs/blob-crowd.js';

const PROCESSES = 20;
const OPERATIONS = 2_000;
const LIMITS = { entries: 20, bytes: 200_000 };
const ROUND_TIMEOUT_MS = 600_000;

const end = Date.now() + Number(process.argv[2] ?? 10) * 60_000;
const root = await mkdtemp(join(tmpdir(), 'inband-soak-'));
let [rounds, killed, hits] = [0, 0, 0];
while (Date.now() < end) {
  const jobs = Array.from({ length: PROCESSES }, () => {
    const dies = randomInt(2) === 0;
    if (dies) killed += 1;
    return {
      seed: randomInt(2 ** 31),
      operations: OPERATIONS,
      killAfter: dies ? 1 + randomInt(OPERATIONS / 10 - 1) : Number.POSITIVE_INFINITY,
      timeout: ROUND_TIMEOUT_MS,
    };
  });
  for (const count of await Promise.all(jobs.map((job) => work(root, job)))) hits += count;
  await inspect(root, LIMITS);
  rounds += 1;
  process.stdout.write(
    `${rounds} rounds, ${rounds * PROCESSES} processes, ${killed} killed, ${hits} hits, none damaged\n`,
  );
}
await rm(root, { recursive: true });
