import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { safeName } from '../../src/storage/safe-name.js';
import { eventsOf, filesIn, firstResults, hashOfFile, outcomeOf, prepareStage } from './stage.js';

const stage = prepareStage();

const ODD = [
  'a b',
  "it's",
  'é\u0301',
  '.dot',
  '-rf',
  'a:b',
  'a_b',
  'x'.repeat(200),
  '日本',
  '$(x)',
];

/** Below the folder: 1,000 files, one of them of 5 MB, some without bytes, and two folders without files. */
async function makeTree(folder: string, count = 1000): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const depth = index % 7;
    const folders = ODD.slice(depth, depth + (index % 5));
    const name = index % 10 === 0 ? `${ODD[(index / 10) % ODD.length]}${index}` : `${index}`;
    const path = join(folder, ...folders, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, randomBytes(index === 500 ? 5_000_000 : index % 9 === 0 ? 0 : 700));
  }
  await mkdir(join(folder, 'none', 'at all'), { recursive: true });
  await mkdir(join(folder, 'nothing'));
}

/** All files below a folder with their hashes, and the folders without files, by their paths. */
async function contentOf(folder: string, rename = (name: string) => name) {
  const content = new Map<string, string>();
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const at = join(folder, path);
    const isFolder = statSync(at).isDirectory();
    if (isFolder && readdirSync(at).length > 0) continue;
    const told = path.split('/').map(rename).join('/');
    content.set(told, isFolder ? 'a folder' : await hashOfFile(at));
  }
  return new Map([...content].sort());
}

describe('a folder', () => {
  test('of 1,000 files arrives equal by path and hash, and its names are the same the next time (R321)', async () => {
    const tree = join(stage.folder(), 'tree');
    await makeTree(tree);
    const inbox = stage.folder();
    const bob = await stage.receive('bob', ['--dir', inbox]);
    const began = performance.now();
    const sent = await outcomeOf(stage.inband('alice', ['send', tree, 'bob@localhost']));
    expect(sent).toMatchObject({ code: 0 });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    process.stderr.write(`1,000 files in folders, 5.6 MB: ${seconds} s\n`);
    const paths = await firstResults(bob, 1000);
    expect(paths.every((path) => path.startsWith(`${inbox}/tree/`))).toBe(true);
    // Two names are one when they are safe: the second one to come has another name.
    const arrived = await contentOf(join(inbox, 'tree'), (name) => name.replace(/ \(1\)$/, ''));
    const told = await contentOf(tree, safeName);
    expect([...arrived.keys()]).toEqual([...told.keys()]);
    expect([...arrived.values()]).toEqual([...told.values()]);
  }, 900_000);

  test('goes into a folder that was made for the same account, and into no other (R321)', async () => {
    const [tree, inbox] = [join(stage.folder(), 'photos'), stage.folder()];
    await mkdir(join(tree, 'deep'), { recursive: true });
    await writeFile(join(tree, 'deep', 'a'), 'a');
    await mkdir(join(inbox, 'photos'));
    const bob = await stage.receive('bob', [
      '--dir',
      inbox,
      '--allow',
      'contacts',
      '--allow',
      'own',
    ]);
    const send = (name: string, ...operands: string[]) =>
      outcomeOf(stage.inband(name, ['send', ...operands, 'bob@localhost']));
    expect(await send('alice', tree)).toMatchObject({ code: 0 });
    await writeFile(join(tree, 'deep', 'b'), 'b');
    expect(await send('alice', join(tree, '.'))).toMatchObject({ code: 0 });
    expect(await send('bob', `${tree}/`)).toMatchObject({ code: 0 });
    expect((await firstResults(bob, 5)).length).toBe(5);
    expect(filesIn(inbox).filter((path) => !path.startsWith('.inband'))).toEqual(
      expect.arrayContaining(['photos (1)/deep/a', 'photos (1)/deep/b', 'photos (2)/deep/a']),
    );
    expect(readdirSync(join(inbox, 'photos'))).toEqual([]);
    const listed = await outcomeOf(stage.inband('bob', ['received', '--json', '--dir', inbox]));
    expect(eventsOf(listed.stdout)).toContainEqual(
      expect.objectContaining({
        name: 'photos/deep/b',
        path: join(inbox, 'photos (1)', 'deep', 'b'),
      }),
    );
  }, 60_000);

  test('is sent beside files, keeps its dates, and programs from the own account alone (R321)', async () => {
    const [tree, inbox, file] = [
      join(stage.folder(), 'bin'),
      stage.folder(),
      join(stage.folder(), 'f'),
    ];
    await mkdir(tree);
    await writeFile(file, 'file');
    await writeFile(join(tree, 'run'), 'run');
    await chmod(join(tree, 'run'), 0o755);
    const date = new Date('2020-02-03T04:05:06Z');
    await utimes(join(tree, 'run'), date, date);
    await symlink('/etc/hosts', join(tree, 'out'));
    const bob = await stage.receive('bob', ['--dir', inbox]);
    for (const name of ['alice', 'bob']) {
      const sent = await outcomeOf(
        stage.inband(name, ['send', '--to', 'bob@localhost', tree, file]),
      );
      expect(sent.code).toBe(0);
      expect(sent.stderr).toContain('bin/out is a link');
      expect(sent.stderr).toMatch(/^sent bin\/run to /m);
    }
    await firstResults(bob, 4);
    const modes = ['bin/run', 'bin (1)/run', 'f'].map((path) => statSync(join(inbox, path)));
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o700, 0o600]);
    expect(modes[0]?.mtime).toEqual(date);
  }, 60_000);

  test('that cannot be sent is refused before anything is sent; a file that cannot be read fails alone (R321)', async () => {
    const tree = join(stage.folder(), 'tree');
    await mkdir(join(tree, ...Array(70).fill('d')), { recursive: true });
    await writeFile(join(tree, 'a'), 'a');
    for (const operands of [['/'], [tree, `${tree}/`]]) {
      const outcome = await outcomeOf(
        stage.inband('alice', ['send', ...operands, 'bob@localhost']),
      );
      expect(outcome).toMatchObject({ code: 2, stdout: '' });
    }
    const bob = await stage.receive('bob');
    const { code, stderr } = await outcomeOf(
      stage.inband('alice', ['send', tree, 'bob@localhost']),
    );
    expect([code, stderr]).toEqual([
      10,
      expect.stringMatching(/d was not sent to bob@localhost: it/),
    ]);
    const [path = ''] = await firstResults(bob, 1);
    expect([basename(path), existsSync(path), relative(bob.folder, path)]).toEqual([
      'a',
      true,
      'tree/a',
    ]);
  }, 60_000);
});
