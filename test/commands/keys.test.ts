import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runInband } from '../support/programs/inband.js';
import { type Running, start } from '../support/programs/process.js';

const JULIET = 'juliet@example.org';
const KEY = 'aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq';
const OTHER = 'a'.repeat(52);

const asRoot = process.geteuid?.() === 0 ? test : test.skip;

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'inband-keys-'));
});
afterEach(() => rm(home, { recursive: true }));

async function run(args: string[], stdin = '', folder = home) {
  return ended(runInband(args, { home: folder, cwd: folder, stdin }));
}

const runWith = (env: Record<string, string>, args: string[], stdin = '') =>
  ended(runInband(args, { home, cwd: home, env, stdin }));

async function ended(running: Running) {
  const { code } = await running.exited;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

const LAUNCHER = fileURLToPath(new URL('../../bin/inband.js', import.meta.url));

/** Runs the command that a pattern finds in what was printed, as a shell has it. */
function paste(pattern: RegExp, printed: string, env: Record<string, string>, stdin = '') {
  const command = pattern.exec(printed)?.[1] as string;
  const script = `inband() { '${process.execPath}' '${LAUNCHER}' "$@"; }\n${command}`;
  const whole = { ...process.env, HOME: home, ...env };
  return ended(start('sh', ['-c', script], { cwd: home, env: whole, stdin }));
}

describe('inband key', () => {
  const account = ['-a', 'Romeo@Example.org/orchard'];
  const shownKey = async (folder = home) => (await run(['key', ...account], '', folder)).stdout;

  test('shows the public key, the same each time, and whoever of the account it is (R252, R776)', async () => {
    const { code, stdout, stderr } = await run(['key', ...account]);
    // A slip in the address shows in that.
    expect([code, stderr]).toEqual([0, 'made a key for romeo@example.org, which had none here\n']);
    expect(stdout).toMatch(/^[a-z2-7]{52}\n$/);
    const again = await run(['key', 'show', '-a', 'romeo@example.org']);
    expect(again).toEqual({ code: 0, stdout, stderr: '' });
    expect((await run(['key', '-a', 'romeo@example.net'])).stdout).not.toBe(stdout);
  });

  test('shows it as a QR code', async () => {
    const { stdout, stderr } = await run(['key', '--qr', ...account]);
    expect(stdout).toMatch(/^[a-z2-7]{52}\n$/);
    expect(stderr.split('\n').length).toBeGreaterThan(15);
    expect(stderr).toMatch(/[▀▄█]/);
  });

  test('shows it and what a QR code has of it to a script', async () => {
    const { stdout } = await run(['key', '--json', ...account]);
    const key = (await shownKey()).trim();
    const uri = `xmpp:romeo@example.org?inband-key=${key}`;
    expect(JSON.parse(stdout)).toEqual({ event: 'key', jid: 'romeo@example.org', key, uri });
  });

  test('needs an account', async () => {
    expect((await run(['key'])).code).toBe(2);
  });

  test('imports no secret from a file that others can read (R539)', async () => {
    const before = await shownKey();
    const { stdout } = await run(['key', 'export', ...account], '', await mkdtemp(join(home, 'x')));
    const path = join(home, 'secret');
    await writeFile(path, stdout, { mode: 0o644 });
    const refused = await run(['key', 'import', path, ...account]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('chmod 600')]);
    expect(await shownKey()).toBe(before);
  });

  test('goes to another machine by export and import (R252)', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'inband-keys-'));
    try {
      const { stdout, code } = await run(['key', 'export', ...account]);
      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(/^INBAND-SECRET-KEY-[A-Z2-7]{52}\n$/),
      ]);
      expect(await shownKey(elsewhere)).not.toBe(await shownKey());
      const imported = await run(['key', 'import', ...account], stdout, elsewhere);
      expect([imported.code, imported.stdout]).toEqual([0, await shownKey()]);
      expect(await shownKey(elsewhere)).toBe(await shownKey());
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  test('is exported into a file that nobody else can read, in place of the very same key (R252)', async () => {
    const path = join(home, 'laptop.key');
    await writeFile(path, (await run(['key', 'export', ...account])).stdout.trim(), {
      mode: 0o644,
    });
    const { code, stdout, stderr } = await run(['key', 'export', '-o', path, ...account]);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain(
      'laptop.key is the secret key of Romeo@Example.org/orchard; remove it when the other machine has it',
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const before = await shownKey();
    expect((await run(['key', 'import', path, ...account])).code).toBe(0);
    expect(await shownKey()).toBe(before);
    expect(await readFile(path, 'utf8')).toMatch(/^INBAND-SECRET-KEY-/);
  });

  test.each([
    ['a text', 'notes\n'],
    ['a public key', `${KEY}\n`],
    ['what only begins as a key', `INBAND-SECRET-KEY-${KEY.toUpperCase()}\nnotes\n`],
    ['what is too long for a key', ' '.repeat(70_000)],
    ['another key, perhaps the only copy', `INBAND-SECRET-KEY-${KEY.toUpperCase()}\n`],
  ])('is exported over no file that has %s (R1317, R1352)', async (_what, text) => {
    const path = join(home, 'notes.txt');
    await writeFile(path, text, { mode: 0o640 });
    await symlink('notes.txt', join(home, 'link'));
    for (const name of [path, join(home, 'link')]) {
      expect(await run(['key', 'export', '-o', name, ...account])).toEqual({
        ...{ code: 10, stdout: '' },
        stderr: expect.stringContaining(
          `${name} is there already, and is no copy of this key\n  move it away, or use another folder\n`,
        ),
      });
    }
    expect(await readFile(path, 'utf8')).toBe(text);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  test('is exported into an empty file, and by a link, which stays (R1317)', async () => {
    await writeFile(join(home, 'empty'), '', { mode: 0o644 });
    await symlink('empty', join(home, 'link'));
    for (let time = 0; time < 2; time += 1) {
      const { code, stderr } = await run(['key', 'export', '-o', 'link', ...account]);
      expect([code, stderr]).toEqual([
        0,
        expect.stringContaining(`${join(await realpath(home), 'empty')} is the secret key of`),
      ]);
      expect(await readlink(join(home, 'link'))).toBe('empty');
    }
    expect(await readFile(join(home, 'empty'), 'utf8')).toMatch(/^INBAND-SECRET-KEY-/);
    expect((await stat(join(home, 'empty'))).mode & 0o777).toBe(0o600);
  });

  test('is exported into what the shell has made for it, by /dev/stdout (R1317)', async () => {
    const line = `inband key export -o /dev/stdout ${account.join(' ')} > whole`;
    await shownKey();
    const { code, stderr } = await paste(/^(.*)$/, line, {});
    expect([code, stderr]).toEqual([0, expect.stringContaining('/whole is the secret key of')]);
    expect(await readFile(join(home, 'whole'), 'utf8')).toMatch(/^INBAND-SECRET-KEY-/);
  });

  test('is exported into a pipe, which nobody is asked to remove (R1317)', async () => {
    const pipe = join(home, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await shownKey();
    const reading = ended(start('cat', [pipe]));
    expect(await run(['key', 'export', '-o', pipe, ...account])).toEqual({
      ...{ code: 0, stdout: '', stderr: '' },
    });
    expect((await reading).stdout).toMatch(/^INBAND-SECRET-KEY-[A-Z2-7]{52}\n$/);
    expect((await stat(pipe)).isFIFO()).toBe(true);
  });

  asRoot('is exported into a device, which stays one (R1317)', async () => {
    const device = join(home, 'null');
    execFileSync('mknod', ['-m', '666', device, 'c', '1', '3']);
    await shownKey();
    expect(await run(['key', 'export', '-o', device, ...account])).toEqual({
      ...{ code: 0, stdout: '', stderr: '' },
    });
    expect((await stat(device)).isCharacterDevice()).toBe(true);
  });

  asRoot(
    'asks nobody to close a device, or a file of somebody else, to others (R1318)',
    async () => {
      const device = join(home, 'null');
      execFileSync('mknod', ['-m', '666', device, 'c', '1', '3']);
      const file = join(home, 'another');
      await writeFile(file, '', { mode: 0o644 });
      await chown(file, 65_534, 65_534);
      for (const path of [device, file]) {
        expect(await run(['key', 'import', path, ...account])).toEqual({
          ...{ code: 2, stdout: '' },
          stderr: `inband: ${path} can be read by others\n  give a file of yours that nobody else can read\n`,
        });
      }
    },
  );

  test('asks nobody to close a pipe to others (R1318)', async () => {
    const pipe = join(home, 'pipe');
    execFileSync('mkfifo', ['-m', '644', pipe]);
    const { code, stderr } = await run(['key', 'import', pipe, ...account]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('give a file of yours')]);
  });

  test('is made by "replace" without a question where there is none (R1271)', async () => {
    const made = await run(['key', 'replace', ...account], '');
    expect(made).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^[a-z2-7]{52}\n$/),
      stderr: 'made a key for romeo@example.org, which had none here\n',
    });
    expect(await shownKey()).toBe(made.stdout);
    const keys = join(home, '.local/share/inband/keys');
    await rm(keys, { recursive: true });
    const again = await run(['key', 'replace', ...account], '');
    expect([again.code, again.stderr]).toEqual([
      0,
      expect.stringMatching(
        /^warning: the key that romeo@example.org had here is gone \([a-z2-7]{52}\)/,
      ),
    ]);
    // One that cannot be used is one that others may know.
    const [name = ''] = await readdir(keys);
    await writeFile(join(keys, name), '');
    expect((await run(['key', 'replace', ...account], '')).code).toBe(2);
  });

  test('is not replaced where nobody can be asked (R1237)', async () => {
    const before = await shownKey();
    expect(await run(['key', 'replace', ...account], 'y\n')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'inband: you are to be asked first, and there is no terminal for it\n  run it in a terminal, or give a key: inband key import -a Romeo@Example.org/orchard <file>\n',
    });
    expect(await shownKey()).toBe(before);
  });

  test('that another one takes the place of is kept, and named, and comes back (R1237)', async () => {
    const before = await shownKey();
    const { stdout } = await run(['key', 'export', ...account], '', await mkdtemp(join(home, 'x')));
    const imported = await run(['key', 'import', ...account], stdout);
    const [, kept = ''] =
      /this takes it back: inband key import -a romeo@example.org (.*)\n/.exec(imported.stderr) ??
      [];
    expect(imported.stderr).toBe(
      'warning: this is the key of romeo@example.org now; "inband receive" has it when it is started again\n' +
        'warning: whoever knows the key that it had refuses this one until they have compared it, and run: inband trust add romeo@example.org\n' +
        `warning: the key that it had is kept in ${kept}; this takes it back: inband key import -a romeo@example.org ${kept}\n`,
    );
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    expect(await shownKey()).not.toBe(before);
    expect((await run(['key', 'import', kept, ...account])).code).toBe(0);
    expect(await shownKey()).toBe(before);
  });

  test('comes back by the command that is printed, pasted as it is, wherever it lies and whatever the account (R1268)', async () => {
    const data = join(home, "romeo's own folder");
    const env = { XDG_DATA_HOME: data, INBAND_ACCOUNT: 'tybalt@example.org' };
    const keyOf = async (account: string) => (await runWith(env, ['key', '-a', account])).stdout;
    const jids = ['tybalt@example.org', 'romeo;x@example.org'];
    const [tybalts, before] = [await keyOf(jids[0] as string), await keyOf(jids[1] as string)];
    const secret = (await run(['key', 'export', ...account])).stdout;
    const { stderr } = await runWith(env, ['key', 'import', '-a', jids[1] as string], secret);
    expect(await keyOf(jids[1] as string)).not.toBe(before);
    expect((await paste(/takes it back: (.*)\n/, stderr, env)).code).toBe(0);
    expect([await keyOf(jids[0] as string), await keyOf(jids[1] as string)]).toEqual([
      tybalts,
      before,
    ]);
  });

  test.each([
    ['others can read it', (path: string) => chmod(path, 0o644)],
    ['it is damaged', (path: string) => writeFile(path, '')],
  ])('is replaced where %s by no command for another account (R1268)', async (_, spoil) => {
    const env = { XDG_DATA_HOME: join(home, 'a folder'), INBAND_ACCOUNT: 'tybalt@example.org' };
    await runWith(env, ['key', ...account]);
    const [name = ''] = await readdir(join(home, 'a folder/inband/keys'));
    await spoil(join(home, 'a folder/inband/keys', name));
    const { stderr } = await runWith(env, ['key', ...account]);
    const commands = [...stderr.matchAll(/inband key (?:import|replace)(.*)\n/g)];
    expect(commands).not.toEqual([]);
    for (const [, flags] of commands) expect(flags).toMatch(/^ -a romeo@example\.org( <file>)?$/);
    if (!stderr.includes('chmod')) return;
    expect((await paste(/run: (chmod .*)\n/, stderr, env)).code).toBe(0);
    expect((await runWith(env, ['key', ...account])).code).toBe(0);
  });

  const REFUSED =
    'warning: whoever knows the key that it had refuses this one until they have compared it, and run: inband trust add romeo@example.org\n';

  test.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    [
      'others can read it',
      (path) => chmod(path, 0o644),
      /is kept in (.*); this takes it back: inband key import -a/,
    ],
    [
      'it is damaged',
      (path) => writeFile(path, 'half a k'),
      /^warning: what was in the place of its key could not be used, and is kept in (.*)\n$/m,
    ],
  ])('is kept, and whoever knows it named, where %s (R1269)', async (_, spoil, told) => {
    const before = await shownKey();
    const { stdout } = await run(['key', 'export', ...account], '', await mkdtemp(join(home, 'x')));
    const folder = join(home, '.local/share/inband/keys');
    const [name = ''] = await readdir(folder);
    await spoil(join(folder, name));
    const bytes = await readFile(join(folder, name), 'utf8');
    const { code, stderr } = await run(['key', 'import', ...account], stdout);
    expect([code, stderr]).toEqual([0, expect.stringContaining(REFUSED)]);
    const [, kept = ''] = told.exec(stderr) ?? [];
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    const text = await readFile(kept, 'utf8');
    expect(text.startsWith('INBAND-SECRET-KEY-') || text === bytes).toBe(true);
    expect(await shownKey()).not.toBe(before);
  });

  test('that is gone, and was known, is named where another one is imported (R1269)', async () => {
    await shownKey();
    const { stdout } = await run(['key', 'export', ...account], '', await mkdtemp(join(home, 'x')));
    await rm(join(home, '.local/share/inband/keys'), { recursive: true });
    const { stderr } = await run(['key', 'import', ...account], stdout);
    expect(stderr).toContain(REFUSED);
    expect(stderr).not.toContain('kept');
  });

  test('that is gone is not replaced in silence (R1174, R1336)', async () => {
    const keys = join(home, '.local/share/inband/keys');
    const lose = async () => {
      const before = (await shownKey()).trim();
      await rm(keys, { recursive: true });
      return `warning: the key that romeo@example.org had here is gone (${before}), and another one was made, which whoever knows the old one refuses; if you have a copy: inband key import -a romeo@example.org <file>\n`;
    };
    const warning = await lose();
    const shown = await run(['key', ...account]);
    expect(shown.stderr).toBe(warning);
    expect(warning).not.toContain(shown.stdout.trim());
    const again = await lose();
    // It ends for want of a password, and has its key before.
    const { code, stderr } = await run(['receive', ...account]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(again)]);
    expect((await run(['receive', ...account])).stderr).not.toContain('is gone');
  });

  test.each([
    ['nothing', ''],
    ['a public key', `${KEY}\n`],
    ['a key in lower case', `INBAND-SECRET-KEY-${KEY}\n`],
    ['half a key', `INBAND-SECRET-KEY-${KEY.slice(26).toUpperCase()}\n`],
  ])('imports no key from %s, and keeps what it has', async (_what, text) => {
    const before = await shownKey();
    const { code, stderr } = await run(['key', 'import', ...account], text);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^inband: (no key was given|that is no exported key\n {2}one begins with INBAND-SECRET-KEY-, as "inband key export" writes it)/,
    );
    expect(await shownKey()).toBe(before);
  });
});

describe('inband trust', () => {
  const list = async (...args: string[]) =>
    (await run(['trust', 'list', ...args])).stdout.split('\n').slice(0, -1);

  test('says that nobody is known where it lists nothing, without a word as with "list" (R1085, R1240)', async () => {
    expect(await run(['trust'])).toEqual(await run(['trust', 'list']));
    expect(await run(['trust', 'list'])).toMatchObject({
      ...{ code: 0, stdout: '', stderr: 'no key of anybody is known yet\n' },
    });
    const { stderr } = await run(['trust', 'list', JULIET]);
    expect(stderr).toBe(`no key of ${JULIET} is known yet\n`);
  });

  test('adds a key that is typed, and lists it (R253)', async () => {
    const { code, stderr } = await run(['trust', 'add', JULIET, '--name', 'laptop'], `${KEY}\n`);
    expect([code, stderr]).toEqual([0, `trusted: ${KEY} of ${JULIET} (laptop)\n`]);
    await run(['trust', 'add', 'xmpp:Juliet@Example.org/balcony'], OTHER);
    const lines = (await list()).map((line) => line.split('\t'));
    expect(lines).toEqual([
      [JULIET, KEY, 'known', expect.stringMatching(/^20\d\d-/), 'laptop'],
      [JULIET, OTHER, 'known', expect.stringMatching(/^20\d\d-/), '-'],
    ]);
    expect(await list('romeo@example.org')).toEqual([]);
  });

  test('verifies a key that is the one that is known, and no other (R253, R1337)', async () => {
    await run(['trust', 'add', JULIET], KEY);
    const wrong = await run(['trust', 'verify', JULIET], OTHER);
    expect([wrong.code, wrong.stdout]).toEqual([11, '']);
    expect(wrong.stderr).toBe(
      'inband: that is not the key of juliet@example.org that is known here\n' +
        '  is it typed rightly?\n' +
        '  if it is theirs: inband trust add juliet@example.org\n',
    );
    expect((await list()).join()).toContain('\tknown\t');
    expect((await run(['trust', 'verify', JULIET, '--json'], KEY)).stdout).toContain('"verified"');
    expect((await list()).join()).toContain('\tverified\t');
  });

  test('does not ask for a key to be compared with none (R1337)', async () => {
    // What it asked for would be told as no key.
    const { code, stderr } = await run(['trust', 'verify', JULIET], 'no key');
    expect([code, stderr]).toEqual([
      11,
      `inband: no key of ${JULIET} is known\n  to trust one that they have told you: inband trust add ${JULIET}\n`,
    ]);
  });

  test.each([[[]], [[KEY]], [['--name', 'laptop']]])(
    'says what comes after the last key, removed by %j, and nothing before (R1337)',
    async (which) => {
      await run(['trust', 'add', JULIET, '--name', 'laptop'], KEY);
      await run(['trust', 'verify', JULIET], KEY);
      await run(['trust', 'add', JULIET, '--name', 'phone'], OTHER);
      const first = await run(['trust', 'remove', JULIET, OTHER]);
      expect(first.stderr).toBe(`no longer trusted: ${OTHER} of ${JULIET} (phone)\n`);
      const { code, stderr } = await run(['trust', 'remove', JULIET, ...which]);
      expect([code, stderr]).toEqual([
        0,
        `no longer trusted: ${KEY} of ${JULIET} (laptop)\n` +
          `warning: no key of ${JULIET} is known any more; with --trust first, the default, the next that is seen is taken for theirs\n`,
      ]);
    },
  );

  test('removes all keys of somebody, or the one with a label (R253, R781)', async () => {
    await run(['trust', 'add', JULIET, '--name', 'laptop'], KEY);
    await run(['trust', 'add', JULIET, '--name', 'phone'], OTHER);
    expect((await run(['trust', 'remove', JULIET, '--name', 'laptop'])).code).toBe(0);
    expect((await list()).map((line) => line.split('\t').at(-1))).toEqual(['phone']);
    expect((await run(['trust', 'remove', JULIET])).code).toBe(0);
    expect(await list()).toEqual([]);
    const none = await run(['trust', 'remove', JULIET]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('no key of juliet@') });
    const other = await run(['trust', 'remove', JULIET, '--name', 'desk']);
    expect(other.stderr).toContain('no key "desk" of juliet@example.org is known');
  });

  test('removes the one key that begins as given, and none where several or none do (R1071)', async () => {
    await run(['trust', 'add', JULIET], KEY);
    await run(['trust', 'add', JULIET], OTHER);
    const several = await run(['trust', 'remove', JULIET, 'aaa']);
    expect([several.code, several.stderr]).toEqual([
      2,
      `inband: 2 keys of ${JULIET} begin with "aaa"\n  ${KEY}\n  ${OTHER}\n`,
    ]);
    for (const none of ['', 'aaaz', `${KEY}a`, KEY.toUpperCase()]) {
      const { code, stderr } = await run(['trust', 'remove', JULIET, none]);
      expect([code, stderr]).toEqual([
        2,
        `inband: no key of ${JULIET} that begins with "${none}" is known\n  inband trust list\n`,
      ]);
    }
    expect(await list()).toHaveLength(2);
    const { code, stderr } = await run(['trust', 'remove', JULIET, 'aaaq']);
    expect([code, stderr]).toEqual([0, `no longer trusted: ${KEY} of ${JULIET}\n`]);
    expect((await list()).map((line) => line.split('\t')[1])).toEqual([OTHER]);
    expect((await run(['trust', 'remove', JULIET, OTHER])).code).toBe(0);
  });

  test('says which other keys stay trusted, to compare them, and how one is removed (R1070, R1337)', async () => {
    await run(['trust', 'add', JULIET, '--name', 'laptop'], KEY);
    const stays = `warning: another key (laptop) of ${JULIET} stays trusted; compare it, and the one that you typed, with theirs; if it is not in use any more: inband trust remove ${JULIET} ${KEY}\n`;
    const added = await run(['trust', 'add', JULIET], OTHER);
    expect(added.stderr).toBe(`trusted: ${OTHER} of ${JULIET}\n${stays}`);
    const verified = await run(['trust', 'verify', JULIET], OTHER);
    expect(verified.stderr).toBe(`compared: ${OTHER} of ${JULIET}\n${stays}`);
    const json = await run(['trust', 'verify', JULIET, '--json'], OTHER);
    expect(json.stderr).toContain(`inband trust remove ${JULIET} ${KEY}`);
    const command = / any more: inband (.*)\n/.exec(added.stderr)?.[1] as string;
    expect((await run(command.split(' '))).code).toBe(0);
    expect((await run(['trust', 'verify', JULIET], OTHER)).stderr).not.toContain('stays');
  });

  test.each(['add', 'verify'])(
    '%s says how a key is given that stands behind the JID (R1073)',
    async (command) => {
      const { code, stderr } = await run(['trust', command, JULIET, KEY], KEY);
      expect([code, stderr]).toEqual([
        2,
        `inband: "inband trust ${command}" takes no "${KEY}"\n  type or paste the key when it asks for it: inband trust ${command} <jid>\n`,
      ]);
      expect(await list()).toEqual([]);
    },
  );

  test('prints commands that do what they say for a JID that a shell would run (R1268)', async () => {
    const jid = '-x;false;$(false)|false@example.org';
    await run(['trust', 'add', '--name', 'laptop', '--', jid], KEY);
    const wrong = await run(['trust', 'verify', '--', jid], OTHER);
    expect(wrong.code).toBe(11);
    const added = await paste(/if it is theirs: (.*)\n/, wrong.stderr, {}, OTHER);
    expect([added.code, await list()]).toEqual([0, [expect.any(String), expect.any(String)]]);
    expect((await paste(/ any more: (.*)\n/, added.stderr, {})).code).toBe(0);
    expect((await list()).map((line) => line.split('\t').slice(0, 2))).toEqual([[jid, OTHER]]);
  });

  test('keeps all keys that are added at the same moment (R253)', async () => {
    const keys = ['b', 'c', 'd', 'e'].map((letter) => `${letter}${'a'.repeat(51)}`);
    const ended = await Promise.all(keys.map((key) => run(['trust', 'add', JULIET], key)));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect((await list()).map((line) => line.split('\t')[1]).sort()).toEqual(keys);
  });

  test('takes the names of the settings for people', async () => {
    await mkdir(join(home, '.config/inband'), { recursive: true });
    await writeFile(join(home, '.config/inband/config.toml'), `[names]\njule = "${JULIET}"\n`);
    expect((await run(['trust', 'add', 'jule'], KEY)).code).toBe(0);
    expect(await list('jule')).toHaveLength(1);
    expect((await run(['trust', 'verify', 'jule'], KEY)).code).toBe(0);
    expect((await run(['trust', 'remove', 'jule'])).code).toBe(0);
    expect((await run(['trust', 'list', 'nobody'])).code).toBe(2);
  });

  test.each([
    ['no key', ''],
    ['what is none', 'abc'],
    ['one in capitals', KEY.toUpperCase()],
  ])('adds nothing of %s', async (_what, text) => {
    expect((await run(['trust', 'add', JULIET], text)).code).toBe(2);
    expect(await list()).toEqual([]);
  });

  test('says where what it knows is damaged, and does not go on as if it knew nothing (R249)', async () => {
    await run(['trust', 'add', JULIET], KEY);
    const folder = join(home, '.local/share/inband/trust');
    const { stdout } = await run(['trust', 'list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ event: 'trust', peer: JULIET });
    const hash = (await import('node:crypto')).createHash('sha256').update(JULIET).digest('hex');
    await writeFile(join(folder, `${hash}.json`), '{}');
    for (const args of [['list'], ['list', JULIET], ['add', JULIET], ['verify', JULIET]]) {
      const { code, stderr } = await run(['trust', ...args], OTHER);
      expect(code).toBe(10);
      expect(stderr).toMatch(
        /^inband: what is known of \S+'s keys is damaged: .*\n {2}to know nothing of them any more, remove that file\n$/,
      );
    }
  });
});
