import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventsOf, hashOfFile, outcomeOf, prepareStage, writeRandom } from '../stage.js';
import { type Relay, type RelayFaults, startRelay } from './lane-relay.js';

const BOB = 'bob@localhost';
const PROXY = 'proxy.localhost';
const BYTES = 3_000_000;
/** Another address of this machine. */
const RELAY = '127.0.0.2';

const stage = prepareStage({ proxy: true, proxyAddress: RELAY });
let relay: Relay;
let [path, hash] = ['', ''];

beforeAll(async () => {
  relay = await startRelay(RELAY, stage.server.proxyPort);
});
afterAll(() => relay.stop());
beforeEach(async () => {
  path = join(stage.folder(), 'film.mkv');
  hash = await writeRandom(path, BYTES);
});

/** What was told of the file, which has arrived. */
async function sent(faults: RelayFaults, ...args: string[]) {
  relay.faults = faults;
  const bob = await stage.receive('bob', ['--once', '--json']);
  const alice = stage.inband('alice', ['send', '--json', ...args, path, BOB]);
  const outcome = await outcomeOf(alice);
  expect(outcome).toMatchObject({ code: 0 });
  const events = eventsOf(outcome.stdout);
  const named = (name: string) => events.filter(({ event }) => event === name);
  expect(named('done')).toMatchObject([{ sha256: hash, encrypted: true }]);
  expect(await hashOfFile(join(bob.folder, 'film.mkv'))).toBe(hash);
  return { start: named('start')[0], resumed: named('resumed'), done: named('done')[0] };
}

describe('a file goes in-band, in one attempt, where the proxy', () => {
  test.each<[string, RelayFaults]>([
    ['closes each connection', { closes: true }],
    ['says nothing', { isSilent: true }],
  ])('%s (R611)', async (_what, faults) => {
    const before = relay.connections;
    const { start, resumed, done } = await sent(faults);
    expect(relay.connections).toBeGreaterThan(before);
    expect(start).not.toHaveProperty('lane');
    expect(done).not.toHaveProperty('lane');
    expect(resumed).toEqual([]);
  });
});

describe('a file that has begun by a proxy', () => {
  test('is gone on with by another connection where one is cut (R612)', async () => {
    // At this rate the recipient has read what was sent, though not all that a system may buffer.
    const paced = ['--limit-rate', '1M'];
    const { start, resumed, done } = await sent({ cutsAfter: 2_000_000, times: 1 }, ...paced);
    expect(start).toMatchObject({ lane: PROXY });
    expect(resumed).toHaveLength(1);
    expect(resumed[0]?.offset).toBeGreaterThan(0);
    expect(done).toMatchObject({ lane: PROXY });
  });

  test('is gone on with in-band where each connection is cut early (R612)', async () => {
    // Either side of a connection is one that is cut.
    const { start, done } = await sent({ cutsAfter: 200_000, times: 100 });
    expect(start).toMatchObject({ lane: PROXY });
    expect(done).not.toHaveProperty('lane');
  });

  test('arrives as it was where a bit of it is turned on the way (R613)', async () => {
    const { start, resumed } = await sent({ turnsBitAfter: 1_500_000, times: 1 });
    expect(start).toMatchObject({ lane: PROXY });
    expect(resumed).toHaveLength(1);
  });
});
