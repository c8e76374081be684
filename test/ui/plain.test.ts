import { expect, test } from '@jest/globals';
import { plainReporter } from '../../src/ui/plain.js';
import { eventsSaying, samples } from './samples.js';
import { Pipe, Screen, Terminal } from './screen.js';
import { waiting } from './waiting.js';

function plain(flags: { quiet?: boolean; verbose?: boolean } = {}) {
  const [stdout, stderr] = [new Pipe(), new Pipe()];
  const reporter = plainReporter({ quiet: false, verbose: false, ...flags, stdout, stderr });
  return { stdout, stderr, ...reporter };
}

test('writes results alone to stdout and sentences to stderr', () => {
  const { stdout, stderr, report } = plain();
  for (const event of [samples.online, samples.startIn, samples.received]) report(event);
  expect(stdout.text).toBe('/inbox/photo.jpg\n');
  expect(stderr.text).toBe(
    'online as alice@example.org/a1\n' +
      'receiving photo.jpg from bob@example.org/inband (5 MB)\n' +
      'received photo.jpg from bob@example.org/inband (5 MB, sha-256 9f86d081)\n',
  );
});

test('says nothing of progress', () => {
  const { stdout, stderr, report } = plain();
  report(samples.progress);
  expect(stdout.text + stderr.text).toBe('');
});

test('says nothing but results and failures when quiet', () => {
  const { stdout, stderr, report } = plain({ quiet: true });
  for (const event of Object.values(samples)) report(event);
  expect(stdout.text).toBe(
    '/inbox/photo.jpg\nhttps://example.org/a\n/here/blob.png\nsha1+8f35@bob.xmpp.org\nabc234\n',
  );
  expect(stderr.text).toBe('inband: bob refused\n');
});

test('notes what it does only when verbose', async () => {
  const [silent, verbose] = [plain(), plain({ verbose: true })];
  for (const { note, report } of [silent, verbose]) {
    note('found a\nserver');
    expect(await waiting(report, 'connecting', async () => 7)).toBe(7);
  }
  expect(silent.stderr.text).toBe('');
  expect(verbose.stderr.text).toBe('found a\\u{a}server\nconnecting\n');
});

test('passes the failure of the work on', async () => {
  const connecting = waiting(plain().report, 'connecting', () =>
    Promise.reject(new Error('refused')),
  );
  await expect(connecting).rejects.toThrow('refused');
});

test('keeps a result exact in a pipe', () => {
  const { stdout, report } = plain();
  report({ ...samples.received, path: '/in\u202ebox/a\x1bb' });
  expect(stdout.text).toBe('/in\u202ebox/a\x1bb\n');
});

test('escapes a result on a terminal', () => {
  const screen = new Screen();
  const stdout = new Terminal(screen);
  const { report } = plainReporter({ quiet: true, verbose: false, stdout, stderr: new Pipe() });
  report({ ...samples.received, path: '/in\u202ebox/a\x1bb' });
  expect(screen.written).toBe('/in\\u{202e}box/a\\u{1b}b\n');
});

test("keeps a peer's words on one line of stderr, escaped (R10)", () => {
  for (const event of eventsSaying('a\n\x1b[2J\x9b\u202e\u200b\ud800b')) {
    const { stderr, report } = plain();
    report(event);
    expect(stderr.text).toMatch(/^([\x20-\x7e]+\n)?$/);
  }
});

test('a failure has its hints below, escaped as well (R581)', () => {
  const { stderr, report } = plain();
  report({ event: 'failed', error: 'bob refused', hints: ['ask bob', 'try\nlater'], exitCode: 6 });
  expect(stderr.text).toBe('inband: bob refused\n  ask bob\n  try\\u{a}later\n');
});
