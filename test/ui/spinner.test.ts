import { expect, test } from '@jest/globals';
import { Spinner } from '../../src/ui/spinner.js';
import { Screen, Terminal } from './screen.js';

const NEVER = new Promise(() => undefined);

test('shows its text, escaped, until it stops', async () => {
  const screen = new Screen();
  const spinner = new Spinner(new Terminal(screen));
  await spinner.during('connecting to a\x1bb', NEVER, () => true);
  expect(screen.lines.join('\n')).toMatch(/ connecting to a\\u\{1b\}b$/);
  expect(screen.cursorShown).toBe(false);
  spinner.stop();
  expect(screen.lines).toEqual(['']);
  expect(screen.cursorShown).toBe(true);
});

test('stops when what it turns for is over, and does not start after that', async () => {
  const screen = new Screen();
  const spinner = new Spinner(new Terminal(screen));
  let end = () => {};
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  await spinner.during('connecting', until, () => true);
  expect(screen.cursorShown).toBe(false);
  end();
  await until;
  expect(screen.cursorShown).toBe(true);
  const before = screen.written;
  await spinner.during('connecting', Promise.resolve(), () => true);
  expect(screen.written).toBe(before);
});

test('does not start when it is no longer wanted once it is loaded', async () => {
  const screen = new Screen();
  await new Spinner(new Terminal(screen)).during('connecting', NEVER, () => false);
  expect(screen.written).toBe('');
});

test('writes nothing when it is stopped again', async () => {
  const screen = new Screen();
  const spinner = new Spinner(new Terminal(screen));
  await spinner.during('connecting', NEVER, () => true);
  spinner.stop();
  const before = screen.written;
  spinner.stop();
  expect(screen.written).toBe(before);
});
