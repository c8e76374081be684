import { randomBytes } from 'node:crypto';
import { readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  type Actor,
  eventsOf,
  filesIn,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStage,
  resultsOf,
  sha256,
  writeRandom,
} from '../stage.js';

const MB = 1_000_000;
const BOB = 'bob@localhost';

const stage = prepareStage();

/** Sends one file from alice to bob's `receive --once`; the bytes on both sides are compared. */
async function sendOnce(size: number, sendArgs: string[] = [], receiveArgs: string[] = []) {
  const source = join(stage.folder(), 'source');
  const hash = await writeRandom(source, size);
  const bob = await stage.receive('bob', ['--once', ...receiveArgs]);
  const alice = stage.inband('alice', ['send', ...sendArgs, source, BOB]);
  expect(await outcomeOf(alice)).toMatchObject({ code: 0, stdout: '' });
  const [path = '', ...others] = await resultsOf(bob);
  expect(others).toEqual([]);
  expect(isAbsolute(path)).toBe(true);
  expect(await hashOfFile(path)).toBe(hash);
  return { alice, bob, path };
}

describe('send to receive --once', () => {
  test.each([0, 1, 4096, 4097, 5 * MB])('brings a file of %d bytes (R45)', async (size) => {
    const { alice, bob, path } = await sendOnce(size);
    expect(dirname(path)).toBe(bob.folder);
    expect(filesIn(bob.folder)).toHaveLength(1);
    expect(filesIn(alice.folder)).toEqual([]);
  });

  test.each([
    ['jingle', []],
    ['si', ['--encrypt', 'off']],
  ])('keeps the date of a file, by %s (R72)', async (via, how) => {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, 5000);
    const bob = await stage.receive('bob');
    const send = async (date: Date) => {
      await utimes(source, date, date);
      const alice = stage.inband('alice', ['send', '--again', '--via', via, ...how, source, BOB]);
      expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    };
    const start = Date.now();
    await send(new Date('2001-02-03T04:05:06Z'));
    await send(new Date('2100-01-01T00:00:00Z'));
    const [old = '', early = ''] = await firstResults(bob, 2);
    expect((await stat(old)).mtime).toEqual(new Date('2001-02-03T04:05:06Z'));
    const { mtimeMs } = await stat(early);
    expect(mtimeMs).toBeGreaterThanOrEqual(start);
    expect(mtimeMs).toBeLessThanOrEqual(Date.now());
    expect(await hashOfFile(early)).toBe(hash);
  });

  test('brings a file whose name has spaces, quotes and letters beyond ASCII', async () => {
    const name = `a "quoted" name, it's Ünïcödé 文件.tar.gz`;
    const source = join(stage.folder(), name);
    const hash = await writeRandom(source, 10_000);
    const bob = await stage.receive('bob', ['--once']);
    const alice = stage.inband('alice', ['send', '--json', source, BOB]);
    const events = eventsOf((await resultsOf(alice)).map((line) => `${line}\n`).join(''));
    expect(events.at(-2)).toMatchObject({ event: 'done', name, size: 10_000, sha256: hash });
    const [path = ''] = await resultsOf(bob);
    expect(await hashOfFile(path)).toBe(hash);
  });

  test.each([
    ['--window', '1'],
    ['--window', '16'],
    ['--block-size', '512'],
    ['--block-size', '65535'],
  ])('brings a file with %s %s', async (...args) => {
    await sendOnce(300_000, args);
  });

  test('makes the folder of --dir', async () => {
    const inbox = join(stage.folder(), 'new', 'inbox');
    const { bob, path } = await sendOnce(100, [], ['--dir', inbox]);
    expect(dirname(path)).toBe(inbox);
    expect(filesIn(bob.folder)).toEqual([]);
  });

  test('goes over direct TLS', async () => {
    const direct = ['--service', stage.server.directTlsService];
    await sendOnce(100_000, direct, direct);
  });

  test('reaches a resource that is named, and leaves inband alone', async () => {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, 5000);
    const inband = await stage.receive('bob');
    const desk = await stage.receive('bob', ['--once', '-a', `${BOB}/desk`]);
    const alice = stage.inband('alice', ['send', source, `${BOB}/desk`]);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    const [path = ''] = await resultsOf(desk);
    expect(await hashOfFile(path)).toBe(hash);
    expect(filesIn(inband.folder)).toEqual([]);
  });

  test('reaches another resource of the own account', async () => {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, 5000);
    const desk = await stage.receive('alice', ['--once']);
    const alice = stage.inband('alice', ['send', source, 'alice@localhost']);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    const [path = ''] = await resultsOf(desk);
    expect(await hashOfFile(path)).toBe(hash);
  });

  test('takes flags from behind the operands', async () => {
    const source = join(stage.folder(), 'source');
    await writeRandom(source, 100);
    const bob = await stage.receive('bob', ['--once']);
    const alice = stage.inband('alice', ['send', source, BOB, '--block-size', '512', '--quiet']);
    expect(await outcomeOf(alice)).toEqual({ code: 0, stdout: '', stderr: '' });
    await resultsOf(bob);
  });
});

describe('standard input', () => {
  test('is sent to its end', async () => {
    const bytes = randomBytes(MB);
    const bob = await stage.receive('bob', ['--once']);
    const alice = stage.inband('alice', ['send', '-', BOB], { stdin: bytes });
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    const [path = ''] = await resultsOf(bob);
    expect(await hashOfFile(path)).toBe(sha256(bytes));
  });

  test('bears the name that --name gives it', async () => {
    const bob = await stage.receive('bob', ['--once']);
    const args = ['send', '--json', '--name', 'log.txt', '-', BOB];
    const alice = stage.inband('alice', args, { stdin: 'hello' });
    const { code, stdout } = await outcomeOf(alice);
    expect(code).toBe(0);
    const named = eventsOf(stdout).filter(({ event }) => event !== 'state');
    expect(named.map(({ name }) => name)).toEqual(named.map(() => 'log.txt'));
    const [path = ''] = await resultsOf(bob);
    expect(await readFile(path, 'utf8')).toBe('hello');
  });
});

describe('a daemon', () => {
  test('takes two files at a time from two senders', async () => {
    const bob = await stage.receive('bob', ['--verbose', '--allow', 'anyone']);
    const sent = [randomBytes(200_000), randomBytes(300_000)] as const;
    const alice = stage.inband('alice', ['send', '-', BOB], { stdin: undefined });
    const mallory = stage.inband('mallory', ['send', '-', BOB], { stdin: undefined });
    // What is encrypted is told of when the first of it has come.
    alice.child.stdin?.write(sent[0].subarray(0, 100_000));
    mallory.child.stdin?.write(sent[1].subarray(0, 100_000));
    await bob.line(/^receiving .* from alice@/, 'stderr');
    await bob.line(/^receiving .* from mallory@/, 'stderr');
    mallory.child.stdin?.end(sent[1].subarray(100_000));
    expect(await outcomeOf(mallory)).toMatchObject({ code: 0 });
    alice.child.stdin?.end(sent[0].subarray(100_000));
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    const paths = await firstResults(bob, 2);
    expect(await Promise.all(paths.map(hashOfFile))).toEqual([sha256(sent[1]), sha256(sent[0])]);
  });

  test('takes all files of one command, and never one over another', async () => {
    const folder = stage.folder();
    const names = ['one', 'two', 'three'].map((name) => join(folder, name));
    const hashes = await Promise.all(names.map((name, i) => writeRandom(name, 5000 * i)));
    // They are side by side, so that any of them may be the first to arrive.
    const expected = new Map(names.map((name, i) => [basename(name), hashes[i]]));
    const bob = await stage.receive('bob');
    const alice = stage.inband('alice', ['send', ...names, BOB]);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    const paths = await firstResults(bob, 3);
    const arrived = paths.map(async (path) => [basename(path), await hashOfFile(path)] as const);
    expect(new Map(await Promise.all(arrived))).toEqual(expected);
    expect(filesIn(bob.folder)).toHaveLength(3);
  });

  test.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ended by %s exits with %d and leaves no partial', async (signal, code) => {
    const bob = await stage.receive('bob', ['--json']);
    const alice = stage.inband('alice', ['send', '-', BOB], { stdin: undefined });
    alice.child.stdin?.write(randomBytes(100_000));
    await bob.line(/^\{"event":"progress"/);
    expect(filesIn(bob.folder)).toEqual([expect.stringMatching(/^\.inband\/.+/)]);
    await bob.stop(signal);
    expect(await outcomeOf(bob)).toMatchObject({ code });
    const ended = eventsOf(bob.stdout()).filter(
      ({ event }) => event === 'failed' || event === 'done',
    );
    expect(ended).toEqual([expect.objectContaining({ event: 'failed', exitCode: code })]);
    expect(filesIn(bob.folder)).toEqual([]);
    alice.child.stdin?.end();
    expect(await outcomeOf(alice)).toMatchObject({ code: 7 });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('that is idle says nothing at %s', async (signal) => {
    const bob = await stage.receive('bob');
    const before = bob.stderr();
    await bob.stop(signal);
    expect(bob.stderr()).toBe(before);
    expect(filesIn(bob.folder)).toEqual([]);
  });
});

describe('a sender that is interrupted in the middle of a file', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s exits with %d, and the daemon goes on', async (signal, code) => {
    const source = join(stage.folder(), 'source');
    await writeFile(source, '');
    await truncate(source, 1000 * MB);
    const bob = await stage.receive('bob');
    const alice = stage.inband('alice', ['send', '--json', '--window', '1', source, BOB]);
    await alice.line(/^\{"event":"progress"/);
    await alice.stop(signal);
    expect(await outcomeOf(alice)).toMatchObject({ code });
    await bob.line(/did not arrive/, 'stderr');
    // What came is kept, for the same file may be sent again.
    expect(filesIn(bob.folder)).toEqual([
      expect.stringMatching(/^\.inband\/.+\.json$/),
      expect.stringMatching(/^\.inband\/.+\.part$/),
    ]);
    expect(bob.stdout()).toBe('');

    await truncate(source, 10_000);
    const again = stage.inband('alice', ['send', source, BOB]);
    expect(await outcomeOf(again)).toMatchObject({ code: 0 });
    const [path = ''] = await firstResults(bob, 1);
    expect(await hashOfFile(path)).toBe(await hashOfFile(source));
    expect(filesIn(bob.folder)).toHaveLength(3);
  });

  test('is reported by --json as failed, with the exit code', async () => {
    const bob = await stage.receive('bob', ['--json']);
    const alice = stage.inband('alice', ['send', '-', BOB], { stdin: undefined });
    alice.child.stdin?.write(randomBytes(100_000));
    await bob.line(/^\{"event":"progress"/);
    await alice.stop('SIGINT');
    const [line = ''] = await bob.line(/^\{"event":"failed".*/);
    expect(eventsOf(`${line}\n`)).toEqual([
      {
        event: 'failed',
        error: expect.any(String),
        exitCode: 7,
        id: 1,
        peer: expect.stringMatching(/^alice@localhost\//),
        name: expect.any(String),
      },
    ]);
  });
});

describe('--json', () => {
  let alice: Actor;
  let bob: Actor;

  test('prints one object a line on both sides', async () => {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, 100_000);
    bob = await stage.receive('bob', ['--once', '--json']);
    alice = stage.inband('alice', ['send', '--json', source, BOB]);
    const [sent, received] = await Promise.all([outcomeOf(alice), outcomeOf(bob)]);
    expect([sent.code, received.code]).toEqual([0, 0]);
    const first = /^first contact with [a-z]+@localhost, whose key is known from now on: (.*)\n$/;
    const [bobsKey, alicesKey] = [sent, received].map(({ stderr }) => first.exec(stderr)?.[1]);
    const sealedFor = (peerKey?: string) => ({ encrypted: true, peerKey, trust: 'first' });

    const [sender] = eventsOf(sent.stdout);
    const to = { id: 1, peer: `${BOB}/inband`, name: 'source' };
    const inBlocks = { blockSize: expect.any(Number), window: expect.any(Number) };
    expect([bobsKey, alicesKey]).toEqual([expect.any(String), expect.any(String)]);
    expect(withoutProgress(sent.stdout)).toEqual([
      { event: 'state', state: 'online', jid: expect.stringMatching(/^alice@localhost\/./) },
      { event: 'offer', ...to, size: 100_000 },
      { event: 'start', ...to, size: 100_000, ...sealedFor(bobsKey) },
      { event: 'done', ...to, size: 100_000, sha256: hash, ...inBlocks, ...sealedFor(bobsKey) },
      { event: 'state', state: 'offline', jid: sender?.jid },
    ]);
    expect(progressOf(sent.stdout)[0]).toEqual({
      ...{ event: 'progress', ...to, bytes: expect.any(Number), size: 100_000 },
    });

    const from = { id: 1, peer: sender?.jid, name: 'source' };
    const path = expect.stringMatching(new RegExp(`^${bob.folder}/[^/]+$`));
    expect(withoutProgress(received.stdout)).toEqual([
      { event: 'state', state: 'online', jid: `${BOB}/inband` },
      { event: 'start', ...from, size: 100_000, ...sealedFor(alicesKey) },
      { event: 'done', ...from, size: 100_000, sha256: hash, path, ...sealedFor(alicesKey) },
      { event: 'state', state: 'offline', jid: `${BOB}/inband` },
    ]);
    expect(progressOf(received.stdout)[0]).toEqual({
      ...{ event: 'progress', ...from, bytes: expect.any(Number), size: 100_000 },
    });
  });

  const withoutProgress = (text: string) =>
    eventsOf(text).filter(({ event }) => event !== 'progress');
  const progressOf = (text: string) => eventsOf(text).filter(({ event }) => event === 'progress');
});

test('--quiet leaves the path on stdout, and nothing else anywhere', async () => {
  const source = join(stage.folder(), 'source');
  const hash = await writeRandom(source, 5000);
  const bob = stage.inband('bob', ['receive', '--once', '--quiet']);
  // It does not say when it is online: until then nobody is there.
  let sent = await outcomeOf(stage.inband('alice', ['send', '--quiet', source, BOB]));
  while (sent.code === 5) {
    sent = await outcomeOf(stage.inband('alice', ['send', '--quiet', source, BOB]));
  }
  expect(sent).toEqual({ code: 0, stdout: '', stderr: '' });
  const { code, stdout, stderr } = await outcomeOf(bob);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^\/[^\n]+\n$/);
  expect(await hashOfFile(stdout.trimEnd())).toBe(hash);
});
