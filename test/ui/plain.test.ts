import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { plainReporter } from '../../src/ui/plain.js';
import { eventsSaying, samples } from './samples.js';
import { Pipe, Screen, Terminal } from './screen.js';
import { waiting } from './waiting.js';

function plain(flags: { quiet?: boolean; verbose?: boolean } = {}) {
  const [stdout, stderr, clock] = [new Pipe(), new Pipe(), { ms: 0 }];
  const now = () => clock.ms;
  const reporter = plainReporter({ quiet: false, verbose: false, ...flags, stdout, stderr, now });
  return { stdout, stderr, clock, ...reporter };
}

test('writes results alone to stdout and sentences to stderr', () => {
  const { stdout, stderr, report } = plain();
  for (const event of [samples.online, samples.startIn, samples.received]) report(event);
  expect(stdout.text).toBe('/inbox/photo.jpg\n');
  expect(stderr.text).toBe(
    'online as alice@example.org/a1\n' + 'received photo.jpg from bob@example.org/inband (5 MB)\n',
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
    '/inbox/photo.jpg\n/inbox/photo.jpg\nhttps://example.org/a\n/here/blob.png\nsha1+8f35@bob.xmpp.org\nabc234\n',
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
  const { report } = plainReporter({
    ...{ quiet: true, verbose: false, stdout, stderr: new Pipe() },
    now: () => 0,
  });
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

test('says what begins, and its hash, only when verbose (R675)', () => {
  const { stderr, report } = plain({ verbose: true });
  for (const event of [samples.offerOut, samples.startOut, samples.sent]) report(event);
  expect(stderr.text).toBe(
    'offering photo.jpg to bob@example.org/inband (5 MB)\n' +
      'sending photo.jpg to bob@example.org/inband (5 MB)\n' +
      'sent photo.jpg to bob@example.org/inband (5 MB, sha-256 9f86d081)\n',
  );
});

describe('what takes longer than a second has a line (R676)', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const NEVER = new Promise<never>(() => undefined);

  test('once where several files wait for the same', () => {
    const { stderr, report } = plain();
    const waits = { event: 'pending', text: 'waiting for bob', until: NEVER } as const;
    for (const _ of [1, 2, 3]) report(waits);
    jest.advanceTimersByTime(999);
    expect(stderr.text).toBe('');
    jest.advanceTimersByTime(1);
    expect(stderr.text).toBe('waiting for bob\n');
  });

  test('with how far it is', () => {
    const { stderr, report } = plain();
    report({ event: 'pending', text: 'reading film', until: NEVER, share: () => 0.129 });
    jest.advanceTimersByTime(1_000);
    expect(stderr.text).toBe('reading film: 12 %\n');
  });

  test('with how large it is, and how long it takes, once that is known (R1175)', () => {
    const { stderr, report, clock } = plain();
    const text = 'reading film for its hash';
    report({ event: 'pending', text, until: NEVER, share: () => clock.ms / 1e6, size: 3e12 });
    for (const ms of [1_000, 11_000]) {
      clock.ms = ms;
      jest.advanceTimersByTime(ms - (ms > 1_000 ? 1_000 : 0));
    }
    expect(stderr.text).toBe(
      'reading film for its hash: 0 % of 3 TB\nreading film for its hash: 1 % of 3 TB, 16 min 29 s left\n',
    );
  });

  test('and again each ten seconds, as long as it goes on (R1088)', async () => {
    const { stderr, report } = plain();
    let [share, end] = [0, () => {}];
    const until = new Promise<void>((resolve) => {
      end = resolve;
    });
    report({ event: 'pending', text: 'reading film', until, share: () => share });
    report({ event: 'pending', text: 'waiting for bob', until });
    jest.advanceTimersByTime(1_000);
    share = 0.5;
    jest.advanceTimersByTime(10_000);
    end();
    await until;
    jest.advanceTimersByTime(60_000);
    expect(stderr.text).toBe('reading film: 0 %\nwaiting for bob\nreading film: 50 %\n');
  });

  test('and none where it is over sooner, or with --quiet', async () => {
    for (const { stderr, report } of [plain(), plain({ quiet: true })]) {
      await waiting(report, 'connecting', async () => {});
      jest.advanceTimersByTime(10_000);
      expect(stderr.text).toBe('');
    }
  });
});

describe('a long transfer has a line a minute (R677)', () => {
  test('with what is done, the rate, and the time that is left', () => {
    const { stderr, report, clock } = plain();
    report({ ...samples.startOut, size: 60_000_000 });
    for (clock.ms = 1_000; clock.ms <= 120_000; clock.ms += 1_000)
      report({ ...samples.progress, size: 60_000_000, bytes: clock.ms * 100 });
    expect(stderr.text).toBe(
      'sending photo.jpg: 10 % of 60 MB, 100 kB/s, 9 min 00 s left\n' +
        'sending photo.jpg: 20 % of 60 MB, 100 kB/s, 8 min 00 s left\n',
    );
  });

  test('one for all of several', async () => {
    const { stderr, report, clock, expect: announce } = plain();
    await announce(async () => [{ size: 5_000_000 }, { size: 15_000_000 }], 1);
    report({ ...samples.startOut, id: 1 });
    report({ ...samples.startOut, id: 2, size: 15_000_000 });
    clock.ms = 60_000;
    for (const id of [1, 2]) report({ ...samples.progress, id, bytes: 3_000_000 });
    expect(stderr.text).toMatch(/^sending total of 2 files: (15|30) % of 20 MB, .* left\n$/);
  });
});

describe('of several files', () => {
  async function sendAll(count: number, verbose = false) {
    const all = plain({ verbose });
    const sizes = Array.from({ length: count }, () => ({ size: 1_000 }));
    await all.expect(async () => sizes, 1);
    for (let id = 1; id <= count; id += 1) {
      all.clock.ms += 100;
      const one = { id, peer: 'bob@example.org/inband', name: `${id}.jpg`, size: 1_000 };
      if (id === 2) all.report({ event: 'already-there', ...one, sha256: 'aa' });
      else if (id === 3) all.report({ event: 'failed', ...one, error: 'no', exitCode: 6 });
      else if (id === 4) all.report({ event: 'done', ...one, sha256: 'aa', unverified: true });
      else all.report({ event: 'done', ...one, sha256: 'aa' });
    }
    return all.stderr.text.split('\n').slice(0, -1);
  }

  test('each has its line, and there is a summary (R678)', async () => {
    const lines = await sendAll(5);
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toBe(
      'sent 2 files, 2 kB in 1 s; 1 file delivered, not verified; 1 file was already there; 1 file was not sent',
    );
  });

  test('folders without files count as none of them (R862)', async () => {
    const all = plain();
    await all.expect(async () => [{ size: 1 }, ...Array(2).fill({ size: 0, isFolder: true })], 1);
    const peer = 'bob@example.org/inband';
    const empty = { peer, size: 0, sha256: 'aa', isFolder: true as const };
    all.report({ event: 'already-there', id: 1, name: 'photos/none/', ...empty });
    all.report({ event: 'done', id: 2, name: 'photos/new/', ...empty });
    all.report({ event: 'already-there', id: 3, name: 'photos/a', peer, size: 1, sha256: 'aa' });
    expect(all.stderr.text.split('\n').slice(2)).toEqual([
      'already there: photos/a at bob@example.org/inband',
      '1 file was already there',
      '',
    ]);
  });

  test('those that were not tried with a recipient who is not there count as not sent (R1081)', async () => {
    const { stderr, report, expect: announce } = plain();
    const folder = { size: 0, isFolder: true as const };
    await announce(async () => [{ size: 2 }, { size: 2 }, folder], 3);
    for (const id of [1, 2]) report({ ...samples.sent, id, name: `${id}`, size: 2 });
    report({ ...samples.sent, id: 3, name: 'none/', ...folder });
    for (const id of [4, 5]) {
      report({ ...samples.failed, id, name: 'a.txt', size: 2 });
      report({ event: 'skipped', text: 'the other files were not tried', first: 1 });
    }
    expect(stderr.text.split('\n').at(-2)).toBe(
      'sent 2 files, 4 B in 0 s; 4 files were not sent; 2 folders were not sent',
    );
  });

  test('a folder without files that failed is counted as one (R1163)', async () => {
    const { stderr, report, expect: announce } = plain();
    const folder = { size: 0, isFolder: true as const };
    await announce(async () => [{ size: 2 }, folder], 1);
    report({ ...samples.failed, id: 1, name: 'none/', ...folder });
    report({ ...samples.sent, id: 2, name: 'a/', size: 2 });
    expect(stderr.text.split('\n').at(-2)).toBe('sent 1 file, 2 B in 0 s; 1 folder was not sent');
  });

  test.each([false, true])(
    'a command that ends before all are over says how far it came, once; quiet: %s (R1164)',
    async (quiet) => {
      const { stderr, report, close, expect: announce } = plain({ quiet });
      await announce(async () => [{ size: 2 }, { size: 2 }, { size: 2 }, { size: 2 }], 1);
      report({ ...samples.sent, id: 1, name: 'a', size: 2 });
      report({ ...samples.isThere, id: 2, name: 'b', size: 2 });
      report({ ...samples.startOut, id: 3, name: 'c', size: 2 });
      const before = stderr.text;
      close();
      close();
      const line = 'sent 1 file, 2 B in 0 s; 1 file was already there; 2 files were not sent\n';
      expect(stderr.text.slice(before.length)).toBe(quiet ? '' : line);
    },
  );

  test('of which nothing has become anything yet there is nothing to say (R1164)', async () => {
    const { stderr, report, close, expect: announce } = plain();
    await announce(async () => [{ size: 2 }, { size: 2 }], 1);
    report({ event: 'failed', error: 'wrong password', exitCode: 3 });
    close();
    expect(stderr.text).toBe('inband: wrong password\n');
  });

  test('those that have arrived are counted when the command ends (R1164)', () => {
    const { stderr, report, close } = plain();
    for (const id of [1, 2]) report({ ...samples.received, id });
    report({ ...samples.wasThere, id: 3 });
    report({ ...samples.received, id: 4, name: 'none/', event: 'folder', isFolder: true });
    close();
    expect(stderr.text.split('\n').slice(-2)).toEqual([
      'received 2 files, 10 MB; 1 file was already there',
      '',
    ]);
    const one = plain();
    one.report(samples.received);
    one.close();
    expect(one.stderr.text.split('\n')).toHaveLength(2);
  });

  test('those that were left with a link are counted by themselves', async () => {
    const { stderr, report, expect: announce } = plain();
    await announce(async () => [{ size: 5_000_000 }, { size: 5_000_000 }], 1);
    for (const id of [1, 2]) report({ ...samples.left, id });
    expect(stderr.text.split('\n').at(-2)).toBe('2 files left with a link, not verified');
  });

  test('of many there is the summary, and what went wrong (R678)', async () => {
    expect(await sendAll(50)).toEqual([
      'inband: no',
      'sent 47 files, 47 kB in 5 s; 1 file delivered, not verified; 1 file was already there; 1 file was not sent',
    ]);
    expect(await sendAll(50, true)).toHaveLength(51);
  });
});
