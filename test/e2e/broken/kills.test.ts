import { describe, expect, test } from '@jest/globals';
import { prepareStage } from '../stage.js';
import { BESIDE_STREAM, killAtRandom } from './kills.js';

const KILLS = 20;

describe.each([
  ['in-band', {}, undefined],
  ['beside the XMPP stream', { proxy: true }, BESIDE_STREAM],
])('%s', (_how, options, flags) => {
  const stage = prepareStage(options);

  test(`whoever is killed while files are sent, ${KILLS} times: all arrive, once, are remembered, and --exec is run for each (R3, R308)`, async () => {
    const tally = await killAtRandom(stage.server, stage.folder(), KILLS, flags);
    expect(tally.sender + tally.receiver + tally.server).toBe(KILLS);
    expect(tally.files).toBeGreaterThan(0);
  }, 600_000);
});
