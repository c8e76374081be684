import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { firstResults, hashOfFile, outcomeOf, prepareStage, sha256 } from './stage.js';

const stage = prepareStage();

test('24 senders of one account at once have four places, and all files arrive (R91)', async () => {
  const bob = await stage.receive('bob', ['--max-sessions', '4']);
  const files = Array.from({ length: 24 }, () => randomBytes(20_000));
  const senders = files.map((bytes, index) => {
    const args = ['send', '--name', `file ${index}`, '-', 'bob@localhost'];
    const sender = stage.inband('alice', args, { stdin: undefined });
    sender.child.stdin?.end(bytes);
    return sender;
  });
  const outcomes = await Promise.all(senders.map(outcomeOf));
  expect(outcomes.filter(({ code }) => code !== 0)).toEqual([]);
  const told = outcomes.map(
    ({ stderr }) => stderr.match(/bob@localhost is busy; next try in/g)?.length ?? 0,
  );
  expect(Math.max(...told)).toBe(1);
  const paths = await firstResults(bob, files.length);
  const hashes = await Promise.all(paths.map(hashOfFile));
  expect(hashes.sort()).toEqual(files.map(sha256).sort());
}, 180_000);
