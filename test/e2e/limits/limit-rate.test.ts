import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventsOf, hashOfFile, outcomeOf, prepareStage, writeRandom } from '../stage.js';

const stage = prepareStage();

/** At 16 kB a second, as much as is encrypted at a time, and with one line of progress in a second at most, it has several. */
const BYTES = 64_000;

test.each<[string, string[], string[]]>([
  ['its sender', ['--limit-rate', '16k'], []],
  ['its recipient', [], ['--limit-rate', '16k']],
])('a file that %s limits comes bit by bit, and whole (R206)', async (_, ofSend, ofReceive) => {
  const bob = await stage.receive('bob', ['--once', '--json', ...ofReceive]);
  const file = join(stage.folder(), 'file');
  const hash = await writeRandom(file, BYTES);
  const sent = await outcomeOf(
    stage.inband('alice', ['send', file, 'bob@localhost', '--json', ...ofSend]),
  );
  expect(sent.code).toBe(0);
  const events = eventsOf((await outcomeOf(bob)).stdout);
  const points = events.flatMap(({ event, bytes }) =>
    event === 'progress' ? [Number(bytes)] : [],
  );
  expect(points.length).toBeGreaterThanOrEqual(2);
  const { path } = events.find(({ event }) => event === 'done') as { path: string };
  expect(await hashOfFile(path)).toBe(hash);
});

test('a limit below what keeps a transfer alive is refused, with what is right (R206)', async () => {
  const { code, stderr } = await outcomeOf(
    stage.inband('alice', ['send', 'x', 'bob@localhost', '--limit-rate', '1k']),
  );
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'inband: --limit-rate takes 2000 bytes a second or more; not 1k\n',
  });
});
