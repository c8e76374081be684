import { expect, test } from '@jest/globals';
import { Spinner } from '../../src/ui/spinner.js';
import { Screen, Terminal } from './screen.js';

test('shows its text, escaped, until it stops', async () => {
  const screen = new Screen();
  const spinner = new Spinner(new Terminal(screen));
  await spinner.start('connecting to a\x1bb', () => true);
  expect(screen.lines.join('\n')).toMatch(/ connecting to a\\u\{1b\}b$/);
  expect(screen.cursorShown).toBe(false);
  spinner.stop();
  expect(screen.lines).toEqual(['']);
  expect(screen.cursorShown).toBe(true);
});

test('does not start when it is no longer wanted once it is loaded', async () => {
  const screen = new Screen();
  await new Spinner(new Terminal(screen)).start('connecting', () => false);
  expect(screen.written).toBe('');
});

test('writes nothing when it is stopped again', async () => {
  const screen = new Screen();
  const spinner = new Spinner(new Terminal(screen));
  await spinner.start('connecting', () => true);
  spinner.stop();
  const before = screen.written;
  spinner.stop();
  expect(screen.written).toBe(before);
});
