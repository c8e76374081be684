import { afterEach, describe, expect, test } from '@jest/globals';
import type { Reporter } from '../../../src/ui/report.js';
import type { LoadSpinner } from '../../../src/ui/terminal/foot.js';
import { terminalReporter } from '../../../src/ui/terminal/terminal.js';
import { eventsSaying, samples } from '../samples.js';
import { Screen, Terminal } from '../screen.js';
import { waiting } from '../waiting.js';

let opened: Reporter | undefined;
afterEach(() => opened?.close());

/** Both streams are the same terminal, as they are for a person at a shell. */
function terminal({
  verbose = false,
  rows = 24,
  columns = 100,
  loadSpinner = undefined as LoadSpinner | undefined,
} = {}) {
  const [screen, clock] = [new Screen(columns), { ms: 0 }];
  const [stdout, stderr] = [new Terminal(screen), new Terminal(screen, rows, columns)];
  const now = () => clock.ms;
  const reporter = terminalReporter({
    ...{ quiet: false, verbose, stdout, stderr, now },
    loadSpinner,
  });
  opened = reporter;
  return { screen, stderr, clock, ...reporter };
}

const EMPTY_BAR = '  0% [--------------------]       0 B/s';

test('shows a bar that follows the progress', async () => {
  const { screen, clock, report } = terminal();
  report(samples.startIn);
  clock.ms = 2_000;
  report(samples.progress);
  await screen.shows(' 50% [==========----------]    1.3 MB/s           2 s  photo.jpg');
  expect(screen.lines).toHaveLength(1);
});

test('prints lines and results whole, above the bars of what still runs', async () => {
  const { screen, report } = terminal();
  report(samples.startIn);
  report({ ...samples.startIn, id: 8, name: 'other' });
  report(samples.received);
  report(samples.resuming);
  expect(screen.lines).toEqual([
    '/inbox/photo.jpg',
    'received photo.jpg from bob@example.org/inband (5 MB)',
    'connection lost, resuming',
    `${EMPTY_BAR}                other`,
  ]);
});

test('shows a bar for each transfer', async () => {
  const { screen, report } = terminal();
  const names = ['one', 'two', 'three'];
  for (const [id, name] of names.entries()) report({ ...samples.startOut, id, name });
  expect(screen.lines.map((line) => line.split(' ').at(-1))).toEqual(names);
});

test('shows the total of several transfers that were announced, below the one that runs', async () => {
  const { screen, clock, report, expect: announce } = terminal();
  await announce(async () => [{ size: 5_000_000 }, { size: 15_000_000 }], 1);
  report(samples.startOut);
  report(samples.sent);
  const other = { id: 8, name: 'other', size: 15_000_000 };
  report({ ...samples.startOut, ...other });
  clock.ms = 2_000;
  report({ ...samples.progress, ...other, bytes: 5_000_000 });
  await screen.shows(' 50% [==========----------]      5 MB/s           2 s  total of 2 files');
  expect(screen.lines.at(-2)).toMatch(/^ 33% .* other$/);
  report({ ...samples.sent, ...other });
  expect(screen.lines).toEqual([
    'sent photo.jpg to bob@example.org/inband (5 MB)',
    'sent other to bob@example.org/inband (15 MB)',
    'sent 2 files, 20 MB in 2 s',
  ]);
});

test('of several files shows only those that take longer than a second, in their order (R221)', async () => {
  const { screen, clock, report, expect: announce } = terminal();
  await announce(async () => Array(3).fill({ size: 5_000_000 }), 1);
  const named = (id: number) => ({ id, name: `${id}` });
  const shown = () =>
    screen.lines.filter((line) => line.includes('%')).map((line) => line.split('  ').at(-1));
  report({ ...samples.startOut, ...named(1) });
  report({ ...samples.startOut, ...named(2) });
  report({ ...samples.sent, ...named(1) });
  expect(shown()).toEqual(['total of 3 files']);
  clock.ms = 600;
  report({ ...samples.startOut, ...named(3) });
  clock.ms = 1_000;
  report({ ...samples.progress, ...named(3) });
  await screen.shows('  2\n');
  expect(shown()).toEqual(['2', 'total of 3 files']);
  clock.ms = 1_600;
  report({ ...samples.progress, ...named(3) });
  await screen.shows('  3\n');
  expect(shown()).toEqual(['2', '3', 'total of 3 files']);
  report({ ...samples.failed, ...named(2) });
  expect(shown()).toEqual(['3', 'total of 3 files']);
});

test('the total has neither what failed nor what is not tried, and no folders without files (R434)', async () => {
  const { screen, clock, report, expect: announce } = terminal();
  const sizes = [5, 10, 20, 40].map((size) => ({ size: size * 1_000_000 }));
  await announce(async () => [...sizes, { size: 0, isFolder: true }], 2);
  const shown = () => screen.lines.at(-1);
  const file = (id: number, size: number) => ({ id, name: `${id}`, size: size * 1_000_000 });
  report({ ...samples.startOut, ...file(1, 5) });
  expect(shown()).toMatch(/^ {2}0% .* total of 8 files$/);
  clock.ms = 1_000;
  report({ ...samples.sent, ...file(1, 5) });
  // Before its first byte, and behind some.
  report({ ...samples.failed, ...file(2, 10) });
  report({ ...samples.startOut, ...file(3, 20) });
  report({ ...samples.progress, ...file(3, 20), bytes: 1_000_000 });
  report({ ...samples.failed, ...file(3, 20) });
  await screen.shows(' 23% [====----------------]      6 MB/s          19 s  total of 8 files');
  // The other recipient is not there.
  report({ ...samples.failed, ...file(5, 5), peer: 'carol@example.org' });
  report({ event: 'skipped', text: 'no more', first: 1 });
  report({ ...samples.failed, ...file(6, 0), name: 'none/', isFolder: true });
  await screen.shows(' 50% [==========----------]      6 MB/s           7 s  total of 5 files');
  report({ ...samples.startOut, ...file(4, 40) });
  clock.ms = 2_000;
  report({ ...samples.sent, ...file(4, 40) });
  expect(screen.lines.join('\n')).not.toContain('total');
});

test('of one file to several shows whose each bar is (R1172)', async () => {
  const { screen, clock, report, expect: announce } = terminal();
  await announce(async () => [{ size: 5_000_000 }], 2);
  report({ ...samples.startOut, id: 1 });
  report({ ...samples.startOut, id: 2, peer: 'carol@example.org/inband' });
  clock.ms = 1_000;
  report({ ...samples.progress, id: 1 });
  await screen.shows('photo.jpg to carol@example.org/inband');
  expect(screen.lines.map((line) => line.split('  ').at(-1))).toEqual([
    'photo.jpg to bob@example.org/inband',
    'photo.jpg to carol@example.org/inband',
    'total of 2 files',
  ]);
});

test('shows no percentage of a total in which a size is unknown, and no total of one file', async () => {
  const several = terminal();
  await several.expect(async () => [{ size: undefined }, { size: 5 }], 1);
  several.report(samples.startOut);
  expect(several.screen.lines.at(-1)).toMatch(/^0 B .* total of 2 files$/);
  several.close();
  const one = terminal();
  await one.expect(async () => [{ size: 5 }], 1);
  one.report(samples.startOut);
  expect(one.screen.lines.at(-1)).not.toContain('total');
});

test('shows no more bars than the terminal has room for', async () => {
  const { screen, report } = terminal({ rows: 3 });
  for (const id of [1, 2, 3]) report({ ...samples.startOut, id });
  expect(screen.lines).toHaveLength(2);
});

test('goes on counting across a line, and from the offset of a resumed transfer', async () => {
  const { screen, clock, report } = terminal();
  report(samples.startOut);
  report(samples.resumed);
  clock.ms = 1_500;
  report(samples.progress);
  report(samples.online);
  expect(screen.lines.at(-1)).toContain(' 50% [==========----------]      1 MB/s');
});

test('takes the bar away when a transfer fails', async () => {
  const { screen, report } = terminal();
  report(samples.startOut);
  report(samples.failed);
  expect(screen.lines).toEqual(['inband: bob refused']);
});

test('turns a spinner while connecting, and leaves nothing of it', async () => {
  const { screen, report } = terminal();
  const work = async () => {
    await screen.shows('connecting to \\u{1b}example.org');
    expect(screen.cursorShown).toBe(false);
    return 7;
  };
  expect(await waiting(report, 'connecting to \x1bexample.org', work)).toBe(7);
  expect(screen.lines).toEqual(['']);
  expect(screen.cursorShown).toBe(true);
});

test('stops the spinner when connecting fails', async () => {
  const { screen, report } = terminal();
  const work = async () => {
    await screen.shows('connecting');
    throw new Error('refused');
  };
  await expect(waiting(report, 'connecting', work)).rejects.toThrow('refused');
  expect(screen.lines).toEqual(['']);
  expect(screen.cursorShown).toBe(true);
});

test('shows what is waited for without a spinner that cannot be loaded any more (R1080)', async () => {
  const { screen, report } = terminal({
    loadSpinner: () => Promise.reject(new Error("Cannot find module './ora.cjs'")),
  });
  await waiting(report, 'connecting', async () => {
    await screen.shows('connecting');
    expect(screen.lines).toEqual(['connecting']);
  });
  expect(screen.lines).toEqual(['']);
  expect(screen.cursorShown).toBe(true);
});

test('prints lines above what is waited for, as long as it is', async () => {
  const { screen, report } = terminal();
  await waiting(report, 'connecting', async () => {
    await screen.shows('connecting');
    report(samples.online);
    expect(screen.lines).toEqual(['online as alice@example.org/a1']);
    await screen.shows('connecting');
    expect(screen.lines[0]).toBe('online as alice@example.org/a1');
    expect(screen.lines[1]).toMatch(/^[\u2800-\u28ff] {2}connecting$/);
  });
  expect(screen.lines).toEqual(['online as alice@example.org/a1']);
});

test('shows how far it is, and of several waits the last that began (R676)', async () => {
  const { screen, report } = terminal();
  const until = new Promise<never>(() => undefined);
  report({ event: 'pending', text: 'looking for bob', until });
  report({ event: 'pending', text: 'reading film', until, share: () => 0.5 });
  await screen.shows('reading film');
  expect(screen.lines).toEqual([expect.stringMatching(/ reading film: 50 %$/)]);
});

test('says below the bars what is waited for, and turns nothing there (R960)', async () => {
  const { screen, report } = terminal({ rows: 3 });
  report(samples.startOut);
  report({ ...samples.startOut, id: 8, name: 'other' });
  const bars = screen.lines;
  expect(bars).toHaveLength(2);
  await waiting(report, 'looking for bob', async () => {
    await screen.shows('looking for bob');
    expect(screen.lines).toEqual([bars[0], 'looking for bob']);
  });
  expect(screen.lines).toEqual(bars);
});

test('prints notes above the bars, if they are asked for', async () => {
  const silent = terminal();
  silent.report(samples.startOut);
  silent.note('a note');
  expect(silent.screen.written).not.toContain('a note');
  silent.close();
  const verbose = terminal({ verbose: true });
  verbose.report(samples.startOut);
  verbose.note('a note');
  expect(verbose.screen.lines.slice(1, 2)).toEqual(['a note']);
});

test('gives the terminal back when it closes in the middle of a transfer', async () => {
  const { screen, report, close } = terminal();
  report(samples.startOut);
  expect([screen.cursorShown, screen.wrapping]).toEqual([false, false]);
  close();
  close();
  expect([screen.cursorShown, screen.wrapping]).toEqual([true, true]);
  expect(screen.lines).toEqual(['']);
});

test('gives the terminal back when it closes while connecting', async () => {
  const { screen, report, close } = terminal();
  await waiting(report, 'connecting', async () => {
    await screen.shows('connecting');
    close();
    expect(screen.lines).toEqual(['']);
    expect(screen.cursorShown).toBe(true);
  });
});

test('prints lines without bars after it has closed', async () => {
  const { screen, report, close } = terminal();
  report(samples.startOut);
  close();
  report(samples.resuming);
  report({ event: 'failed', error: 'interrupted', exitCode: 130 });
  expect(screen.lines).toEqual(['connection lost, resuming', 'inband: interrupted']);
});

test('writes no colour and no character of a peer that could move the cursor (R10)', async () => {
  const { screen, report } = terminal({ verbose: true });
  await waiting(report, 'connecting', () => screen.shows('connecting'));
  for (const event of eventsSaying('a\n\x1b[31m\x9b\u202e\u200bb')) report(event);
  const ours = /\r|\p{Cc}\[(\?(25|7|2026)[hl]|\d*[AGJK])/gu;
  expect(screen.written.replace(ours, '')).toMatch(/^[\x20-\x7e\n\u2800-\u28ff]*$/);
});

describe('a resize (R679)', () => {
  test.each([
    [100, 30],
    [80, 20],
    [40, 200],
    [20, 80],
  ])('from %i to %i columns leaves nothing behind', async (before, after) => {
    const { screen, stderr, clock, report, expect: announce } = terminal({ columns: before });
    await announce(async () => [{ size: 5_000_000 }, { size: 5_000_000 }], 1);
    report(samples.online);
    report(samples.startOut);
    clock.ms = 2_000;
    report(samples.progress);
    stderr.resize(after);
    expect(screen.lines.slice(-2)).toEqual([
      expect.stringMatching(/^ 50% /),
      expect.stringMatching(/^ 25% /),
    ]);
    expect(screen.lines.join('').match(/%/g)).toHaveLength(2);
    for (const line of screen.lines) expect(line.length).toBeLessThanOrEqual(after);
    report(samples.resuming);
    report({ event: 'failed', error: 'no', exitCode: 6 });
    opened?.close();
    expect(screen.lines.join('')).toBe(
      'online as alice@example.org/a1connection lost, resuminginband: no',
    );
    expect([screen.cursorShown, screen.wrapping]).toEqual([true, true]);
  });

  test('shortens what is waited for', async () => {
    const { screen, stderr, report } = terminal({ columns: 80 });
    const until = new Promise<never>(() => undefined);
    report({ event: 'pending', text: 'waiting for bob@example.org/inband to accept', until });
    await screen.shows('to accept');
    stderr.resize(20);
    await screen.shows('…');
    expect(screen.lines).toEqual([expect.stringMatching(/^[\u2800-\u28ff] {2}waiting for b…$/)]);
  });
});
