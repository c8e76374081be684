import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startPeer } from '../../support/programs/peers.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import {
  filesIn,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStageOn,
  type Stage,
  sha256,
} from '../stage.js';

const MB = 1_000_000;

/** Files of these sizes, with their hashes, in the order of their names. */
async function filesOf(stage: Stage<never>, sizes: number[]) {
  const folder = stage.folder();
  const files = sizes.map((size, index) => ({
    path: join(folder, `${String(index).padStart(3, '0')}.bin`),
    bytes: randomBytes(size),
  }));
  for (const { path, bytes } of files) await writeFile(path, bytes);
  return { paths: files.map(({ path }) => path), hashes: files.map(({ bytes }) => sha256(bytes)) };
}

const MANY = Array.from({ length: 150 }, (_, index) => (index % 50 === 25 ? MB : 4096));

describe.each([
  ['Prosody', startProsody, true],
  ['ejabberd', startEjabberd, HAS_PEERS],
] as const)('on %s', (_name, startServer, isThere) => {
  if (!isThere) return test.skip('it is not installed', () => undefined);
  const stage = prepareStageOn(startServer) as Stage<never>;

  test('150 files, three of them large, arrive, and are told in their order (R222)', async () => {
    const { paths, hashes } = await filesOf(stage, MANY);
    const bob = await stage.receive('bob');
    const { code, stdout } = await outcomeOf(
      stage.inband('alice', ['send', '--json', ...paths, 'bob@localhost']),
    );
    expect(code).toBe(0);
    const done = stdout.split('\n').filter((line) => line.startsWith('{"event":"done"'));
    expect(done.map((line) => JSON.parse(line).sha256)).toEqual(hashes);
    const arrived = await Promise.all((await firstResults(bob, MANY.length)).map(hashOfFile));
    expect(arrived.sort()).toEqual(hashes.sort());
  }, 120_000);

  test('a recipient with one place gets all, and its sender says nothing of that (R222)', async () => {
    const { paths, hashes } = await filesOf(stage, Array(40).fill(4096));
    const bob = await stage.receive('bob', ['--max-sessions', '1']);
    const { code, stderr } = await outcomeOf(
      stage.inband('alice', ['send', ...paths, 'bob@localhost']),
    );
    expect([code, stderr.includes('busy')]).toEqual([0, false]);
    const arrived = await Promise.all((await firstResults(bob, 40)).map(hashOfFile));
    expect(arrived.sort()).toEqual(hashes.sort());
  }, 120_000);

  test('a recipient that is killed in the middle and comes back has all files (R222)', async () => {
    const { paths, hashes } = await filesOf(stage, MANY);
    const inbox = stage.folder();
    const first = await stage.receive('bob', ['--dir', inbox]);
    const alice = stage.inband('alice', ['send', ...paths, 'bob@localhost']);
    await firstResults(first, 40);
    first.child.kill('SIGKILL');
    await first.exited;
    await stage.receive('bob', ['--dir', inbox]);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    // What the first one had kept when it was killed it may not have printed any more.
    const there = filesIn(inbox).map((name) => hashOfFile(join(inbox, name)));
    const arrived = new Set(await Promise.all(there));
    expect(hashes.filter((hash) => !arrived.has(hash))).toEqual([]);
  }, 180_000);

  test('a file that is refused stops no other, and its code is that of the command (R224)', async () => {
    const { paths } = await filesOf(stage, [10, 200_000, 10, 10]);
    const bob = await stage.receive('bob', ['--max-size', '100000']);
    const { code, stderr } = await outcomeOf(
      stage.inband('alice', ['send', ...paths, 'bob@localhost']),
    );
    expect(code).toBe(6);
    expect(stderr).toMatch(/^inband: 001\.bin was not sent to bob@localhost: /m);
    expect(await firstResults(bob, 3)).toHaveLength(3);
  });

  test('several recipients have the files, whatever becomes of the others (R225)', async () => {
    const { paths, hashes } = await filesOf(stage, [10, 5000]);
    const [bob, alice] = [await stage.receive('bob'), await stage.receive('alice')];
    const to = ['mallory', 'bob', 'alice'].flatMap((name) => ['--to', `${name}@localhost`]);
    const { code, stderr } = await outcomeOf(stage.inband('alice', ['send', ...to, ...paths]));
    for (const receiver of [bob, alice]) {
      const arrived = await Promise.all((await firstResults(receiver, 2)).map(hashOfFile));
      expect(arrived.sort()).toEqual([...hashes].sort());
    }
    expect(code).toBe(5);
    expect(stderr).toMatch(/^inband: 000\.bin was not sent to mallory@localhost: /m);
    expect(stderr).toMatch(/^warning: the other files were not tried with mallory@localhost$/m);
  });
});

/** A folder with so many files in it and in one below it, in their order; and with one without files. */
async function folderOf(parent: string, count: number): Promise<[tree: string, paths: string[]]> {
  const tree = join(parent, 'photos');
  for (const name of ['deep', 'none']) await mkdir(join(tree, name), { recursive: true });
  const names = Array.from(
    { length: count },
    (_, index) => `${index % 2 ? 'deep/' : ''}${100 + index}`,
  );
  const paths = names.sort().map((name) => join(tree, name));
  for (const path of paths) await writeFile(path, randomBytes(4096));
  return [tree, paths];
}

(HAS_PEERS ? describe : describe.skip)('programs of other libraries', () => {
  const stage = prepareStageOn(startProsody) as Stage<never>;

  // libpurple takes ten seconds for each, in which it looks for other ways.
  test.each([
    ['slixmpp_peer.py', 'si-receive-all', 30],
    ['purple_peer.py', 'receive-all', 2],
  ] as const)(
    '%s gets all files of a folder, one at a time, and send fails for one that is empty (R349, R439, R642)',
    async (script, command, count) => {
      const [tree, paths] = await folderOf(stage.folder(), count);
      const args = [command, stage.folder(), String(count)];
      const peer = startPeer(script, args, stage.server, 'bob');
      try {
        await peer.line(/^ready$/);
        const sent = stage.inband('alice', ['send', tree, 'bob@localhost/peer']);
        const { code, stderr } = await outcomeOf(sent);
        expect([code, stderr]).toEqual([
          6,
          expect.stringMatching(
            /photos\/none\/ was not sent .*takes only files, and \S+ has none in it/,
          ),
        ]);
        const all = Buffer.concat(await Promise.all(paths.map((path) => readFile(path))));
        await peer.line(new RegExp(`^done ${sha256(all)}$`));
      } finally {
        await peer.stop('SIGKILL');
      }
    },
    120_000,
  );
});

describe('standard input', () => {
  const stage = prepareStageOn(startProsody);

  test('goes to one recipient (R225)', async () => {
    const to = ['--to', 'bob@localhost', '--to', 'alice@localhost'];
    const { code, stderr } = await outcomeOf(
      stage.inband('alice', ['send', ...to, '-'], { stdin: 'hello' }),
    );
    expect([code, stderr]).toEqual([
      2,
      'inband: stdin can be read only once, and goes to one recipient\n  give --to once\n',
    ]);
  });
});
