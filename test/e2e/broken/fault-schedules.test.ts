import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Prosody, startProsody } from '../../support/servers/prosody.js';
import { type FaultyTransfer, faultyTransfer, wasBeside } from './faulty-transfer.js';

const SEEDS = 50;
const AT_A_TIME = 10;

let server: Prosody;
let folder: string;
beforeAll(async () => {
  server = await startProsody({ proxy: true });
  folder = await mkdtemp(join(tmpdir(), 'inband-faults-'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

test(`${SEEDS} schedules of faults: no success that is none, and nothing hangs (R11, R1094)`, async () => {
  const first = Number(process.env.INBAND_SEED ?? randomInt(2 ** 31));
  const outcomes: (FaultyTransfer & { seed: number })[] = [];
  let next = first;
  const work = async () => {
    while (next < first + SEEDS) {
      const seed = next++;
      outcomes.push({ seed, ...(await faultyTransfer(server, folder, seed)) });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  const wrong = outcomes.filter(({ outcome }) => outcome === 'hung' || outcome === 'false success');
  expect(wrong).toEqual([]);
  const arrived = outcomes.filter(({ outcome }) => outcome === 'arrived').length;
  expect(outcomes.some(({ faults }) => faults.length > 0)).toBe(true);
  expect(outcomes.some(({ story }) => wasBeside(story))).toBe(true);
  expect(outcomes.some(({ faults }) => faults.some((one) => one.startsWith('beside')))).toBe(true);
  // Those that fail have met a fault before the transfer began, or one that leaves a gap.
  expect(arrived).toBeGreaterThan(SEEDS / 2);
}, 600_000);
