import { on, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { changesUntil } from '../../support/files.js';
import { eventsOf, outcomeOf, prepareStage, resultsOf } from '../stage.js';

const stage = prepareStage();
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A program that tells the test of each of its runs. Each goes on until the test says how it is to end. */
async function programIn(folder: string) {
  const [program, path] = [join(folder, 'program'), join(folder, 'socket')];
  const text = `#!${process.execPath}
const { INBAND_NAME, INBAND_AGAIN = 'first' } = process.env;
const socket = require('node:net').connect(${JSON.stringify(path)});
socket.write(INBAND_NAME + ' ' + INBAND_AGAIN);
socket.on('data', (code) => process.exit(Number(code)));
`;
  await writeFile(program, text, { mode: 0o755 });
  const server = createServer();
  const runs = on(server, 'connection') as AsyncIterableIterator<[Socket]>;
  servers.push(server.listen(path));
  await once(server, 'listening');
  const next = async () => {
    const { value } = await runs.next();
    const [socket] = value as [Socket];
    const [said] = await once(socket, 'data');
    return { said: String(said), endWith: (code: number) => void socket.end(String(code)) };
  };
  return { program, next };
}

const states = async (dir: string) => {
  const listed = stage.inband('bob', ['received', '--dir', dir, '--json']);
  return eventsOf((await outcomeOf(listed)).stdout).map(({ name, exec }) => [name, exec]);
};

/** Resolves when these are the states. */
const become = (dir: string, expected: unknown[]): Promise<void> =>
  changesUntil(join(dir, '.inband'), async () => isDeepStrictEqual(await states(dir), expected));

test('--exec is run again after a kill, and once more after a failure when somebody asks (R184, R775, R1167)', async () => {
  const [inbox, tools] = [stage.folder(), stage.folder()];
  const { program, next } = await programIn(tools);
  const letter = join(tools, 'letter.txt');
  await writeFile(letter, 'hello');
  const args = ['--dir', inbox, '--exec', program];
  const killed = await stage.receive('bob', args);
  await resultsOf(stage.inband('alice', ['send', letter, 'bob@localhost']));
  const first = await next();
  expect(first.said).toBe('letter.txt first');
  await become(inbox, [['letter.txt', 'due']]);
  killed.child.kill('SIGKILL');
  // Its output does not end before the program does, which runs on.
  await once(killed.child, 'exit');

  // Without a program it waits.
  const idle = stage.inband('bob', ['receive', '--dir', inbox, '--once']);
  await idle.line(/1 file still waits for --exec/, 'stderr');
  await idle.stop();

  // The first run must be over before.
  const receiver = await stage.receive('bob', args);
  first.endWith(3);
  const second = await next();
  expect(second.said).toBe('letter.txt 1');
  second.endWith(3);
  await become(inbox, [['letter.txt', 'failed']]);

  const again = ['received', '--dir', inbox, '--exec-again'];
  const ASKED = 'asked the "inband receive" that has the folder to run --exec for 1 file\n';
  /** Its end is that of the program. */
  const askAgain = async (code: number) => {
    const asking = outcomeOf(stage.inband('bob', again));
    const run = await next();
    expect(run.said).toBe('letter.txt 1');
    run.endWith(code);
    return asking;
  };
  expect(await askAgain(3)).toMatchObject({
    code: 10,
    stderr: `${ASKED}inband: --exec failed again for 1 of 1 file\n`,
  });

  // A receive that has the folder, and runs nothing, does nothing.
  await receiver.stop();
  const other = await stage.receive('bob', ['--dir', inbox]);
  expect(await outcomeOf(stage.inband('bob', again))).toMatchObject({
    code: 10,
    stderr: `${ASKED}inband: the "inband receive" that has the folder runs no --exec, and 1 file still waits for one\n`,
  });
  await other.stop();

  const last = await stage.receive('bob', args);
  const due = await next();
  due.endWith(3);
  await become(inbox, [['letter.txt', 'failed']]);
  expect(await askAgain(0)).toMatchObject({
    code: 0,
    stderr: `${ASKED}--exec has succeeded for 1 file\n`,
  });
  expect(await states(inbox)).toEqual([['letter.txt', 'done']]);
  await last.stop();
}, 120_000);

test('whoever asks one that is killed then does it, or says what is missing (R1167)', async () => {
  const [inbox, tools] = [stage.folder(), stage.folder()];
  const { program, next } = await programIn(tools);
  const letter = join(tools, 'letter.txt');
  await writeFile(letter, 'hello');
  const receiver = await stage.receive('bob', ['--dir', inbox, '--exec', program]);
  await resultsOf(stage.inband('alice', ['send', letter, 'bob@localhost']));
  (await next()).endWith(3);
  await become(inbox, [['letter.txt', 'failed']]);
  receiver.child.kill('SIGSTOP');
  const asking = stage.inband('bob', [
    'received',
    '--dir',
    inbox,
    '--exec-again',
    '--exec',
    program,
  ]);
  await asking.line(/asked the "inband receive"/, 'stderr');
  receiver.child.kill('SIGKILL');
  (await next()).endWith(0);
  expect((await outcomeOf(asking)).stderr).toContain('--exec has succeeded for 1 file');
  expect(await states(inbox)).toEqual([['letter.txt', 'done']]);
}, 120_000);

test('where nobody receives, what failed is run by the command itself (R184, R775)', async () => {
  const [inbox, tools] = [stage.folder(), stage.folder()];
  const { program, next } = await programIn(tools);
  const letter = join(tools, 'letter.txt');
  await writeFile(letter, 'hello');
  const receiver = await stage.receive('bob', ['--dir', inbox, '--exec', program, '--once']);
  await resultsOf(stage.inband('alice', ['send', letter, 'bob@localhost']));
  const first = await next();
  expect(first.said).toBe('letter.txt first');
  first.endWith(3);
  await outcomeOf(receiver);
  expect(await states(inbox)).toEqual([['letter.txt', 'failed']]);
  const again = ['received', '--dir', inbox, '--exec-again'];
  expect(await outcomeOf(stage.inband('bob', again))).toMatchObject({
    code: 2,
    stderr: 'inband: nobody receives into the folder\n  say what to run: --exec <program>\n',
  });
  for (const [exit, expected, told] of [
    [3, 10, '--exec failed again for 1 of 1 file'],
    [0, 0, '--exec has succeeded for 1 file'],
  ] as const) {
    const asked = stage.inband('bob', [...again, '--exec', program]);
    const run = await next();
    expect(run.said).toBe('letter.txt 1');
    run.endWith(exit);
    const { code, stderr } = await outcomeOf(asked);
    expect([code, stderr]).toEqual([expected, expect.stringContaining(told)]);
  }
  expect(await states(inbox)).toEqual([['letter.txt', 'done']]);
  const { stderr } = await outcomeOf(stage.inband('bob', again));
  expect(stderr).toContain('waits for --exec');
}, 120_000);
