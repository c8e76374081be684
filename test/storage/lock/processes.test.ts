import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { startByPs, systemProcesses } from '../../../src/storage/lock/processes.js';
import { start } from '../../support/programs/process.js';

const { startOf } = systemProcesses;

test('a process has one start as long as it lives, and none when it has ended', async () => {
  const child = spawn('cat');
  const pid = child.pid ?? 0;
  const started = await startOf(pid);
  expect(started).toBeTruthy();
  expect(await startOf(pid)).toBe(started);
  expect(await startByPs(pid)).toMatch(/^\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}$/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await startOf(pid)).toBeUndefined();
  expect(await startByPs(pid)).toBeUndefined();
});

test('two processes do not have the same start', async () => {
  const child = spawn('cat');
  expect(await startOf(child.pid ?? 0)).not.toBe(await startOf(process.pid));
  child.kill();
  await once(child, 'exit');
});

// Where there is no /proc, a killed process that nobody has waited for looks alive.
(existsSync('/proc/self/stat') ? test : test.skip)(
  'a killed process that its parent does not wait for has ended',
  async () => {
    const parent = start('sh', ['-c', 'sleep 1000 & echo $!; exec cat']);
    const [pid = ''] = await parent.line(/^\d+$/);
    process.kill(Number(pid), 'SIGKILL');
    while ((await startOf(Number(pid))) !== undefined); // until the signal has been delivered
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
    await parent.stop('SIGKILL');
  },
);
