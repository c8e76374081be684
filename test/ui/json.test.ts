import { expect, test } from '@jest/globals';
import type { Event } from '../../src/transfer/events.js';
import { jsonReporter } from '../../src/ui/json.js';
import { isAside } from '../../src/ui/lines.js';
import { eventsSaying, samples } from './samples.js';
import { Pipe } from './screen.js';
import { waiting } from './waiting.js';

function json(flags: { verbose?: boolean } = {}) {
  const clock = { ms: 1_000_000 };
  const [stdout, stderr] = [new Pipe(), new Pipe()];
  const now = () => clock.ms;
  const reporter = jsonReporter({ quiet: false, verbose: false, ...flags, stdout, stderr, now });
  const lines = (): string[] => stdout.text.split('\n').slice(0, -1);
  return { clock, stdout, stderr, lines, ...reporter };
}

test('writes one object a line without spaces, the event first', () => {
  const { stdout, report } = json();
  report(samples.sent);
  report({ jid: 'a@b/c', state: 'online', event: 'state' });
  expect(stdout.text).toBe(
    '{"event":"done","id":7,"peer":"bob@example.org/inband","name":"photo.jpg","size":5000000,"sha256":"9f86d081"}\n' +
      '{"event":"state","jid":"a@b/c","state":"online"}\n',
  );
});

test('gives every result back as it was, without the direction', () => {
  const { lines, report } = json();
  const results = Object.values<Event>(samples).filter((event) => !isAside(event));
  for (const event of results) report(event);
  const expected = results.map((event) => ({ ...event, incoming: undefined }));
  expect(lines().map((line) => JSON.parse(line))).toEqual(expected);
});

test('writes the progress of a transfer at most once a second', () => {
  const { clock, lines, report } = json();
  for (let bytes = 0; bytes < 30; bytes += 1, clock.ms += 100)
    report({ ...samples.progress, bytes });
  expect(lines().map((line) => JSON.parse(line).bytes)).toEqual([0, 10, 20]);
});

test('counts the second for each transfer by itself', () => {
  const { lines, report } = json();
  report(samples.progress);
  report({ ...samples.progress, id: 8 });
  report({ ...samples.progress, id: 9 });
  report(samples.progress);
  expect(lines()).toHaveLength(3);
});

test('forgets when it showed a transfer that is over', () => {
  const { lines, report } = json();
  for (const event of [samples.progress, samples.sent, samples.progress, samples.failed])
    report(event);
  report(samples.progress);
  expect(lines()).toHaveLength(5);
});

test('writes nothing but printable characters, and loses none (R10)', () => {
  const hostile = 'a\n\x1b[2J\x7f\x9b\u202e\u200b\u2028\u{e0041}\ud800b';
  for (const event of eventsSaying(hostile).filter((one) => !isAside(one))) {
    const { stdout, report } = json();
    report(event);
    expect(stdout.text).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(stdout.text)).toEqual({ ...event, incoming: undefined });
  }
});

test('tells of a failure on stderr as well', () => {
  const { stdout, stderr, report } = json();
  report({ event: 'failed', error: 'no\x1b', exitCode: 4 });
  expect(stdout.text).toBe('{"event":"failed","error":"no\\u001b","exitCode":4}\n');
  expect(stderr.text).toBe('inband: no\\u{1b}\n');
});

test('writes a warning to stderr alone, escaped (R144)', () => {
  const { stdout, stderr, report } = json();
  report({ event: 'warning', text: 'no\x1b' });
  expect([stdout.text, stderr.text]).toEqual(['', 'warning: no\\u{1b}\n']);
});

test('writes notes to stderr, if they are asked for', async () => {
  const [silent, verbose] = [json(), json({ verbose: true })];
  for (const { note, report } of [silent, verbose]) {
    note('found a server');
    await waiting(report, 'connecting', async () => {});
  }
  expect(silent.stderr.text).toBe('');
  expect(verbose.stderr.text).toBe('found a server\nconnecting\n');
  expect(verbose.stdout.text).toBe('');
});
