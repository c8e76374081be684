import { existsSync, readdirSync, statSync } from 'node:fs';
import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { contentArrived, contentSent, makeTree } from '../../support/trees.js';
import { eventsOf, filesIn, firstResults, hashOfFile, outcomeOf, prepareStage } from '../stage.js';

const stage = prepareStage();

describe('a folder', () => {
  test('of 250 files arrives equal by path and hash, and its names are the same the next time (R321)', async () => {
    const tree = join(stage.folder(), 'tree');
    await makeTree(tree, 250);
    const inbox = stage.folder();
    const bob = await stage.receive('bob', ['--dir', inbox]);
    const began = performance.now();
    const sent = await outcomeOf(stage.inband('alice', ['send', tree, 'bob@localhost']));
    expect(sent).toMatchObject({ code: 0 });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    process.stderr.write(`250 files in folders, 5.2 MB: ${seconds} s\n`);
    const paths = await firstResults(bob, 250);
    expect(paths.every((path) => path.startsWith(`${inbox}/tree/`))).toBe(true);
    expect(await contentArrived(join(inbox, 'tree'))).toEqual(await contentSent(tree));
  }, 300_000);

  test('that is interrupted three times, and sent again, is there once; then what has changed travels alone (R323)', async () => {
    const [tree, inbox] = [join(stage.folder(), 'tree'), stage.folder()];
    await makeTree(tree, 60);
    const bob = await stage.receive('bob', ['--dir', inbox]);
    const send = () => stage.inband('alice', ['send', '--json', tree, 'bob@localhost']);
    for (const count of [2, 15, 40]) {
      const alice = send();
      await firstResults(bob, count);
      alice.child.kill('SIGINT');
      expect((await outcomeOf(alice)).code).toBe(130);
    }
    expect((await outcomeOf(send())).code).toBe(0);
    expect(await contentArrived(join(inbox, 'tree'))).toEqual(await contentSent(tree));
    expect(filesIn(inbox)).toHaveLength(60);
    const travelled = (stdout: string) =>
      eventsOf(stdout)
        .filter(({ event }) => event === 'start')
        .map(({ name }) => name);
    const again = await outcomeOf(send());
    expect([again.code, travelled(again.stdout)]).toEqual([0, []]);
    expect(await contentArrived(join(inbox, 'tree'))).toEqual(await contentSent(tree));
    await writeFile(join(tree, '5'), 'changed');
    const changed = await outcomeOf(send());
    expect([changed.code, travelled(changed.stdout)]).toEqual([0, ['tree/5']]);
    expect(await hashOfFile(join(inbox, 'tree', '5 (1)'))).toBe(await hashOfFile(join(tree, '5')));
    expect(filesIn(inbox)).toHaveLength(61);
  }, 180_000);

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
    // What was there already came no second time.
    expect(await firstResults(bob, 4)).toHaveLength(4);
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
