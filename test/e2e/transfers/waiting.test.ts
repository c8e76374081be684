import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { BitsOfBinary } from '../../../src/protocol/bob/bits-of-binary.js';
import { connect } from '../../../src/session/connect.js';
import { firstResults, hashOfFile, outcomeOf, prepareStage, sha256 } from '../stage.js';

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

test('fetch waits for its turn where its account has asked too much (R91)', async () => {
  const note = join(stage.folder(), 'note.txt');
  await writeFile(note, 'hello');
  const published = await outcomeOf(stage.inband('bob', ['publish', note]));
  const cid = published.stdout.trim();
  await stage.receive('bob');

  const { jid, password } = stage.server.account('alice');
  const { service, ca } = stage.server;
  const session = await connect({ account: `${jid}/greedy`, password, service, ca });
  const bits = new BitsOfBinary(session);
  const ask = () => bits.getBlob({ jid: 'bob@localhost/inband', cid, cached: false });
  // Until it has had enough: 500 at once, and two a second.
  await expect(
    (async () => {
      for (let count = 0; count < 1000; count += 1) await ask();
    })(),
  ).rejects.toThrow('too many requests');

  const fetches = Array.from({ length: 3 }, () =>
    stage.inband('alice', ['fetch', '--no-cache', '--from', 'bob@localhost', '-o', '-', cid]),
  );
  // It takes each one that comes, until one of them has to wait.
  const greedy = setInterval(() => void ask().catch(() => undefined), 100);
  await Promise.any(fetches.map((fetch) => fetch.line(/is busy; next try in/, 'stderr'))).finally(
    () => clearInterval(greedy),
  );
  const outcomes = await Promise.all(fetches.map(outcomeOf));
  await session.close();
  expect(outcomes.map(({ code, stdout }) => [code, stdout])).toEqual(Array(3).fill([0, 'hello']));
  const told = outcomes.map(({ stderr }) => stderr.match(/is busy; next try in/g)?.length ?? 0);
  expect(Math.max(...told)).toBe(1);
}, 120_000);
