import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readPassword } from '../../../src/commands/account/password.js';
import { stopProgram } from '../../../src/commands/account/stop-program.js';
import type { Context } from '../../../src/commands/context.js';
import { runKeeper } from '../../../src/commands/login/run-keeper.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-keeper-'));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const why = new Error('interrupted');

/** Interrupts it once it has begun, and lets it go on then. Returns whether it had ended when that was told. */
async function interrupted(run: (context: Context) => Promise<unknown>): Promise<boolean> {
  const interrupt = new AbortController();
  const context = { env: process.env, stderr: 'inherit', signal: interrupt.signal };
  const running = run(context as unknown as Context);
  const hadEnded = running.then(
    () => undefined,
    () => existsSync(at('ended')),
  );
  while (!existsSync(at('begun'))) await setTimeout(10);
  interrupt.abort(why);
  await writeFile(at('go'), '');
  await expect(running).rejects.toBe(why);
  return (await hadEnded) === true;
}

/** It goes on no longer than until the folder is removed. */
const UNTIL_GO = 'touch begun; while [ -e begun -a ! -e go ]; do sleep 0.01; done; touch ended';

test('a program that keeps passwords is over when it was interrupted, with what it has started (R1309)', async () => {
  // As pass does with gpg, which goes on where pass is ended.
  const script = `cd ${folder}; sh -c 'trap "" TERM; ${UNTIL_GO}'; touch never`;
  expect(await interrupted((context) => runKeeper(['sh', '-c', script], '', context))).toBe(true);
  expect(existsSync(at('never'))).toBe(false);
});

test('a command that gives a password is over when it was interrupted (R1309)', async () => {
  const passwordCommand = `cd ${folder}; trap '' TERM; ${UNTIL_GO}`;
  expect(await interrupted((context) => readPassword({ passwordCommand }, context))).toBe(true);
});

test('what a program that keeps passwords leaves in the background is not waited for (R1309)', async () => {
  const { signal } = new AbortController();
  const context = { env: process.env, stderr: 'inherit', signal } as unknown as Context;
  const script = `cd ${folder}; (${UNTIL_GO}) &`;
  await runKeeper(['sh', '-c', script], '', context);
  expect(existsSync(at('ended'))).toBe(false);
  await writeFile(at('go'), '');
  while (!existsSync(at('ended'))) await setTimeout(10);
});

test('nothing that keeps passwords is begun after the signal (R1309)', async () => {
  const signal = AbortSignal.abort(why);
  const context = { env: process.env, stderr: 'inherit', signal } as unknown as Context;
  const script = `touch ${at('begun')}`;
  await expect(runKeeper(['sh', '-c', script], '', context)).rejects.toBe(why);
  expect(existsSync(at('begun'))).toBe(false);
});

test('a command that gives a password is not started after an interruption (R1354)', async () => {
  let isStarted = false;
  const env = {
    get PATH() {
      isStarted = true;
      return process.env.PATH;
    },
  };
  const context = { env, stderr: 'inherit', signal: AbortSignal.abort(why) } as unknown as Context;
  await expect(readPassword({ passwordCommand: 'true' }, context)).rejects.toBe(why);
  expect(isStarted).toBe(false);
});

test.each(['exit', 'close'] as const)(
  'a program that could not be started, and is stopped, fails nothing by its error (R1354)',
  async (event) => {
    const child = spawn(at('none'));
    const over = new Promise((resolve) => child.on('close', resolve));
    await stopProgram(child, event);
    expect(child.listenerCount('error')).toBe(1);
    await over;
  },
);
