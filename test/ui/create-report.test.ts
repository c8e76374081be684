import { expect, test } from '@jest/globals';
import { chooseMode, createReport } from '../../src/ui/create-report.js';
import type { Mode } from '../../src/ui/report.js';
import { samples } from './samples.js';
import { Pipe, Screen, Terminal } from './screen.js';
import { waiting } from './waiting.js';

test.each([
  ['json', { json: true, stderrIsTTY: true, term: 'xterm' }],
  ['json', { json: true, stderrIsTTY: false }],
  ['terminal', { json: false, stderrIsTTY: true, term: 'xterm' }],
  ['terminal', { json: false, stderrIsTTY: true }],
  ['plain', { json: false, stderrIsTTY: true, term: 'dumb' }],
  ['plain', { json: false, stderrIsTTY: false, term: 'xterm' }],
] as const)('speaks %s to %j', (mode, asked) => {
  expect(chooseMode(asked)).toBe(mode);
});

async function speak(mode: Mode, quiet: boolean) {
  const [screen, stdout] = [new Screen(), new Pipe()];
  const stderr = new Terminal(screen);
  const now = () => 0;
  const reporter = await createReport({ mode, quiet, verbose: false, stdout, stderr, now });
  for (const event of [samples.startIn, samples.received]) reporter.report(event);
  reporter.close();
  return { stdout: stdout.text, stderr: screen.written };
}

test('writes objects in json mode', async () => {
  const { stdout, stderr } = await speak('json', false);
  expect(stdout).toMatch(/^\{"event":"start".*\n\{"event":"done".*\n$/);
  expect(stderr).toBe('');
});

test('moves no cursor in plain mode', async () => {
  const { stdout, stderr } = await speak('plain', false);
  expect(stdout).toBe('/inbox/photo.jpg\n');
  expect(stderr).toMatch(/^received [\x20-\x7e]+\n$/);
});

test('draws bars in terminal mode', async () => {
  expect((await speak('terminal', false)).stderr).toContain('0% [----');
});

test('draws nothing on a terminal when quiet', async () => {
  expect(await speak('terminal', true)).toEqual({ stdout: '/inbox/photo.jpg\n', stderr: '' });
});

test('draws nothing on a terminal that was given no size', async () => {
  const [screen, stdout] = [new Screen(), new Pipe()];
  const stderr = new Terminal(screen, 0, 0);
  const options = { quiet: false, verbose: false, stdout, stderr, now: () => 0 };
  const { report } = await createReport({ mode: 'terminal', ...options });
  await waiting(report, 'connecting', async () => {});
  report(samples.online);
  expect(screen.written).toBe('online as alice@example.org/a1\n');
});
