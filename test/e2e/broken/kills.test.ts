import { expect, test } from '@jest/globals';
import { prepareStage } from '../stage.js';
import { killAtRandom } from './kills.js';

const KILLS = 20;

const stage = prepareStage();

test(`whoever is killed while files are sent, ${KILLS} times: all arrive, once, are remembered, and --exec is run for each (R3, R308)`, async () => {
  const tally = await killAtRandom(stage.server, stage.folder(), KILLS);
  expect(tally.sender + tally.receiver + tally.server).toBe(KILLS);
  expect(tally.files).toBeGreaterThan(0);
}, 600_000);
