import { randomBytes } from 'node:crypto';
import { appendFile, readFile, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import {
  eventsOf,
  filesIn,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStageOn,
  resultsOf,
  type Stage,
} from '../stage.js';

/** What of a command's events says what became of files, and of how many. */
const counted = (stdout: string) => {
  const events = eventsOf(stdout).map(({ event }) => event as string);
  const of = (name: string) => events.filter((event) => event === name).length;
  return { done: of('done'), 'already-there': of('already-there'), start: of('start') };
};

describe.each([
  ['Prosody', startProsody, true],
  ['ejabberd', startEjabberd, HAS_PEERS],
] as const)('on %s', (_name, startServer, isThere) => {
  if (!isThere) return test.skip('it is not installed', () => undefined);
  const stage = prepareStageOn(startServer) as Stage<never>;

  test('files that are interrupted three times, and sent by the same command again, are there once (R307)', async () => {
    const folder = stage.folder();
    const paths = Array.from({ length: 60 }, (_, index) => join(folder, `${index}.bin`));
    // Some in the middle, which is gone on with.
    const sizes = paths.map((_, index) => (index % 20 === 10 ? 700_000 : 4_000 + index));
    await Promise.all(paths.map((path, index) => writeFile(path, randomBytes(sizes[index] ?? 0))));
    const inbox = stage.folder();
    const bob = await stage.receive('bob', ['--dir', inbox]);
    const send = () => stage.inband('alice', ['send', '--json', ...paths, 'bob@localhost']);
    for (const count of [3, 17, 40]) {
      const alice = send();
      await firstResults(bob, count);
      alice.child.kill('SIGINT');
      expect((await outcomeOf(alice)).code).toBe(130);
    }
    const last = counted((await outcomeOf(send())).stdout);
    expect(last.done + last['already-there']).toBe(60);
    expect(last['already-there']).toBeGreaterThanOrEqual(39);
    expect(filesIn(inbox)).toEqual(paths.map((path) => basename(path)).sort());
    for (const path of paths) {
      expect(await hashOfFile(join(inbox, basename(path)))).toBe(await hashOfFile(path));
    }
    const all = await outcomeOf(send());
    expect(counted(all.stdout)).toEqual({ done: 0, 'already-there': 60, start: 0 });
    expect(all.code).toBe(0);
  }, 180_000);

  test('both sides say so, and --again sends all the same (R302, R303)', async () => {
    const letter = join(stage.folder(), 'letter.txt');
    await writeFile(letter, 'hello');
    const inbox = stage.folder();
    const bob = await stage.receive('bob', ['--dir', inbox]);
    const send = (...more: string[]) =>
      outcomeOf(stage.inband('alice', ['send', ...more, letter, 'bob@localhost']));
    expect((await send()).stderr).toMatch(/^sent letter\.txt to /m);
    const again = await send();
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/^already there: letter\.txt at bob@localhost\/inband$/m);
    expect(again.stderr).not.toMatch(/sen[dt]/);
    await bob.line(/^already there: letter\.txt from alice@localhost\//, 'stderr');
    expect((await send('--again')).stderr).toMatch(/^sent letter\.txt to /m);
    await utimes(join(inbox, 'letter.txt'), 1, 1);
    await appendFile(join(inbox, 'letter (1).txt'), '!');
    expect((await send()).stderr).toMatch(/^sent letter\.txt to /m);
    expect(filesIn(inbox)).toEqual(['letter (1).txt', 'letter (2).txt', 'letter.txt']);
    // Who receives prints what arrived, and nothing else.
    expect(await firstResults(bob, 3)).toHaveLength(3);
  });

  test('what --exec has moved away has arrived, and is not run for again (R304)', async () => {
    const [tools, inbox] = [stage.folder(), stage.folder()];
    const [letter, program, runs] = ['letter.txt', 'program', 'runs'].map((name) =>
      join(tools, name),
    ) as [string, string, string];
    await writeFile(letter, 'hello');
    const text = `#!/bin/sh\necho "$INBAND_NAME" >> '${runs}'\nmv "$1" '${tools}/moved'\n`;
    await writeFile(program, text, { mode: 0o755 });
    const args = ['--dir', inbox, '--exec', program];
    const send = () => stage.inband('alice', ['send', letter, 'bob@localhost']);
    // It ends when the program has.
    const once = await stage.receive('bob', [...args, '--once']);
    await resultsOf(send());
    await resultsOf(once);
    await stage.receive('bob', args);
    expect((await outcomeOf(send())).stderr).toMatch(/^already there: letter\.txt/m);
    expect(filesIn(inbox)).toEqual([]);
    expect(await readFile(runs, 'utf8')).toBe('letter.txt\n');
  });

  test('who is let in as anyone is sends anew (R305)', async () => {
    const letter = join(stage.folder(), 'letter.txt');
    await writeFile(letter, 'hello');
    const bob = await stage.receive('bob', ['--allow', 'anyone']);
    for (const name of ['alice', 'alice', 'mallory']) {
      const args = ['send', letter, 'bob@localhost/inband'];
      expect((await outcomeOf(stage.inband(name, args))).stderr).toMatch(/^sent letter\.txt/m);
    }
    expect(await firstResults(bob, 3)).toHaveLength(3);
  });
});
