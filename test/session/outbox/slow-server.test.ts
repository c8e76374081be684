import { beforeEach, expect, test } from '@jest/globals';
import { Outbox } from '../../../src/session/outbox/outbox.js';
import { xml } from '../../../src/session/xml.js';
import { ManualClock } from '../../support/manual-clock.js';

/** Prosody's limit as shipped. */
const CHARACTERS_PER_SECOND = 10_000;
/** Two blobs take it nearly. */
const PERIOD_MS = 20_000;
const ROUND_TRIP_MS = 20;
const PAUSE_MS = 1_000;

/** In the base64 of 64 KiB. */
const BLOB = 87_700;
const ACKNOWLEDGEMENT = 250;
const REFUSAL = 1_300;
const IN_FLIGHT = 8;

const NURSE = 'nurse@capulet.example/hall';
const ROMEO = 'romeo@montague.example/orchard';
const sleep = (ms: number) => clock.sleep(ms, new AbortController().signal);

let clock: ManualClock;
let outbox: Outbox;
/** Reads so many characters, and resolves when it has read all that was written before. */
let read: (characters: number) => Promise<void>;

beforeEach(() => {
  clock = new ManualClock();
  let doneAt = 0;
  read = (characters) => {
    doneAt = Math.max(doneAt, clock.now()) + (characters / CHARACTERS_PER_SECOND) * 1_000;
    return sleep(doneAt - clock.now());
  };
  outbox = new Outbox(() => read(0), clock);
});

interface Asker {
  type?: string;
  to: string;
  characters: number;
}

/** Asks again as soon as it has its answer. */
function keepAsking({ type = 'result', to, characters }: Asker) {
  const answers = { count: 0 };
  const again = (ms: number) => sleep(ms).then(ask);
  const ask = () => {
    const answered = async () => {
      await read(characters);
      answers.count += 1;
      await again(ROUND_TRIP_MS);
    };
    const payload = type === 'error' ? xml('error', {}, xml('service-unavailable')) : undefined;
    const write = () => void answered();
    outbox.put(xml('iq', { type, to }, payload), {
      characters,
      write,
      fail: () => void again(PAUSE_MS),
    });
  };
  ask();
  return answers;
}

/** How many blocks of a file come in, by their acknowledgements. */
async function acknowledgements(): Promise<number> {
  const blocks = Array.from({ length: IN_FLIGHT }, () =>
    keepAsking({ to: NURSE, characters: ACKNOWLEDGEMENT }),
  );
  await clock.advance(PERIOD_MS);
  return blocks.reduce((sum, { count }) => sum + count, 0);
}

/** Alone it has all that the server reads. */
const ALONE = 750;

test('a file that comes in alone has all that the server reads', async () => {
  expect(await acknowledgements()).toBeGreaterThan(ALONE);
});

test.each([
  ['another', ROMEO],
  ['its sender', NURSE],
])('blobs of 64 KiB for %s leave nearly half of it to a file (R120)', async (_whom, to) => {
  const blobs = Array.from({ length: 12 }, () => keepAsking({ to, characters: BLOB }));
  expect(await acknowledgements()).toBeGreaterThan(0.4 * ALONE);
  // The second is on its way.
  expect(blobs.filter(({ count }) => count > 0)).toHaveLength(1);
});

test('refusals to any number of strangers leave half of it to a file (R120)', async () => {
  for (let index = 0; index < 85; index += 1) {
    keepAsking({ type: 'error', to: `${index}@made-up.example`, characters: REFUSAL });
  }
  expect(await acknowledgements()).toBeGreaterThan(0.4 * ALONE);
});

test('blobs alone have all of it', async () => {
  const blobs = [1, 2].map(() => keepAsking({ to: ROMEO, characters: BLOB }));
  await clock.advance(PERIOD_MS);
  expect(blobs.map(({ count }) => count)).toEqual([1, 1]);
});
