import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { eventsOf, outcomeOf, prepareStage, resultsOf } from '../stage.js';

const stage = prepareStage();

/** A program that notes each of its runs, and ends as soon as, and with what, the file `end` says. */
async function programIn(folder: string) {
  const [program, runs, end] = ['program', 'runs', 'end'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const text = `#!/bin/sh
echo "$INBAND_NAME \${INBAND_AGAIN:-first}" >> '${runs}'
for i in $(seq 600); do [ -s '${end}' ] && exit $(cat '${end}'); sleep 0.1; done\n`;
  await writeFile(program, text, { mode: 0o755 });
  const seen = async (count: number) => {
    for (;;) {
      const lines = existsSync(runs) ? (await readFile(runs, 'utf8')).trim().split('\n') : [];
      if (lines.length >= count) return lines;
      await sleep(50);
    }
  };
  return { program, seen, endWith: (code: number) => writeFile(end, `${code}`) };
}

const states = async (dir: string) => {
  const listed = stage.inband('bob', ['received', '--dir', dir, '--json']);
  return eventsOf((await outcomeOf(listed)).stdout).map(({ name, exec }) => [name, exec]);
};

/** Resolves when these are the states; the test's own time is the limit. */
async function become(dir: string, expected: unknown[]): Promise<void> {
  while (JSON.stringify(await states(dir)) !== JSON.stringify(expected)) await sleep(100);
}

test('--exec is run again after a kill, and once more after a failure when somebody asks (R184)', async () => {
  const [inbox, tools] = [stage.folder(), stage.folder()];
  const { program, seen, endWith } = await programIn(tools);
  const letter = join(tools, 'letter.txt');
  await writeFile(letter, 'hello');
  const args = ['--dir', inbox, '--exec', program];
  const first = await stage.receive('bob', args);
  await resultsOf(stage.inband('alice', ['send', letter, 'bob@localhost']));
  expect(await seen(1)).toEqual(['letter.txt first']);
  await become(inbox, [['letter.txt', 'due']]);
  first.child.kill('SIGKILL');
  // Its output does not end before the program does, which runs on.
  await once(first.child, 'exit');

  // Without a program it waits.
  const idle = stage.inband('bob', ['receive', '--dir', inbox, '--once']);
  await idle.line(/1 file still wait/, 'stderr');
  await idle.stop();

  // The first run must be over before.
  await stage.receive('bob', args);
  await endWith(3);
  expect(await seen(2)).toEqual(['letter.txt first', 'letter.txt 1']);
  await become(inbox, [['letter.txt', 'failed']]);

  await endWith(0);
  await resultsOf(stage.inband('bob', ['received', '--dir', inbox, '--exec-again']));
  await become(inbox, [['letter.txt', 'done']]);
  expect(await seen(3)).toHaveLength(3);
}, 120_000);

test('where nobody receives, what failed is run by the command itself (R184)', async () => {
  const [inbox, tools] = [stage.folder(), stage.folder()];
  const { program, seen, endWith } = await programIn(tools);
  await endWith(3);
  const letter = join(tools, 'letter.txt');
  await writeFile(letter, 'hello');
  const receiver = await stage.receive('bob', ['--dir', inbox, '--exec', program, '--once']);
  await resultsOf(stage.inband('alice', ['send', letter, 'bob@localhost']));
  await outcomeOf(receiver);
  expect(await states(inbox)).toEqual([['letter.txt', 'failed']]);
  const again = ['received', '--dir', inbox, '--exec-again'];
  expect(await outcomeOf(stage.inband('bob', again))).toMatchObject({ code: 2 });
  await endWith(0);
  await resultsOf(stage.inband('bob', [...again, '--exec', program]));
  expect(await states(inbox)).toEqual([['letter.txt', 'done']]);
  expect(await seen(2)).toEqual(['letter.txt first', 'letter.txt 1']);
}, 120_000);
