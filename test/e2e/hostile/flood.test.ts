import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { firstResults, hashOfFile, outcomeOf, prepareStage, sha256 } from '../stage.js';
import { flood, LONG_PATIENCE_MS, peakMemory } from './flood.js';

const BOB = 'bob@localhost';
const MAX_MEMORY = 150_000_000;

const stage = prepareStage();

test('2,000 requests of four accounts neither stop an honest transfer nor swell the daemon (R18, R25)', async () => {
  const accounts = ['mallory', 'eve', 'oscar', 'trudy'];
  for (const name of accounts.slice(1)) await stage.server.addAccount(name);
  const bob = await stage.receive('bob', ['--allow', 'anyone', '--verbose']);
  const bytes = [randomBytes(500_000), randomBytes(500_000)] as const;
  const alice = stage.inband('alice', ['send', '-', BOB], { stdin: undefined });
  alice.child.stdin?.write(bytes[0]);
  await bob.line(/^receiving .* from alice@/, 'stderr');

  const answers = await flood(stage.server, accounts, 500, `${BOB}/inband`, {
    patience: LONG_PATIENCE_MS,
  });
  expect(answers).toMatchObject({
    result: expect.any(Number),
    'resource-constraint': expect.any(Number),
    'service-unavailable': expect.any(Number),
  });

  alice.child.stdin?.end(bytes[1]);
  expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
  const [path = ''] = await firstResults(bob, 1);
  expect(await hashOfFile(path)).toBe(sha256(Buffer.concat(bytes)));
  expect(await peakMemory(bob.child.pid as number)).toBeLessThan(MAX_MEMORY);
  // Offers by four accounts, 30 each at once and 10 a minute: a line when one begins, and one when it ends.
  expect(bob.stderr().split('\n').length).toBeLessThan(500);
});

test('strangers hear less and less of nobody being there, and nothing is kept of them (R22)', async () => {
  const bob = await stage.receive('bob', ['--verbose']);
  const answers = await flood(stage.server, ['mallory'], 1000, `${BOB}/inband`);
  expect(Object.keys(answers).sort()).toEqual(['RequestTimeout', 'service-unavailable']);
  expect(answers['service-unavailable']).toBeLessThan(400);
  expect(bob.stderr().match(/did not let \S+ in/g)?.length).toBeLessThan(10);
});
