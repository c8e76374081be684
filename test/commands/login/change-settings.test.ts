import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Command } from 'commander';
import type { Context } from '../../../src/commands/context.js';
import { removeAccount, writeAccount } from '../../../src/commands/login/change-settings.js';
import { entryFor, entryNamed } from '../../../src/commands/login/entry.js';
import { whileLocked as holdSettings } from '../../../src/commands/login/settings-lock.js';
import { readSettings } from '../../../src/commands/settings/settings.js';
import { whileLocked } from '../../../src/storage/lock/while-locked.js';
import { saveFile } from '../../../src/storage/save-file.js';
import { FolderInUse } from '../../../src/transfer/inbox-errors.js';
import type { Reporter } from '../../../src/ui/report.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-settings-'));
  path = join(folder, 'config.toml');
});
afterEach(() => rm(folder, { recursive: true }));

const ROMEO = 'romeo@example.org';
const KEYS = { jid: ROMEO, 'password-file': 'romeo.password' };
const LINES = '[accounts.romeo]\njid = "romeo@example.org"\npassword-file = "romeo.password"\n';
const WORK = '[accounts.work]\njid = "juliet@example.org"\n';
const program = new Command();

const contextWith = (stdout: PassThrough, save: Context['saveFile']) =>
  ({
    ...{ env: {}, settingsPath: path, stdout, whileLocked },
    ...{ saveFile: save, signal: new AbortController().signal },
  }) as unknown as Context;

const entryOf = async (jid: string) => entryFor(jid, await readSettings(program, path));

interface Written {
  jid?: string;
  save?: Context['saveFile'];
  /** Happens while the user is asked. */
  meanwhile?: () => Promise<unknown>;
  keys?: Record<string, string>;
}

/** Writes an account; returns what was said and printed. */
async function write({ jid = ROMEO, save = saveFile, meanwhile, keys }: Written = {}) {
  const told: string[] = [];
  const stdout = new PassThrough();
  const reporter = {
    report: ({ text }: { text: string }) => told.push(text),
    warn: (text: string) => told.push(text),
  } as unknown as Reporter;
  const entry = await entryOf(jid);
  await meanwhile?.();
  const context = contextWith(stdout, save);
  const written = writeAccount(entry, keys ?? { ...KEYS, jid }, program, context, reporter);
  const failed = await written.then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { told, failed, printed: `${stdout.read() ?? ''}` };
}

test('who logs in is told how the account is chosen (R995)', async () => {
  expect(await write()).toEqual({
    ...{ failed: undefined, printed: '' },
    told: [`wrote ${path}: the account romeo is the one that commands take`],
  });
  expect(await readFile(path, 'utf8')).toBe(`account = "romeo"\n\n${LINES}`);
  await writeFile(path, WORK);
  const { told } = await write();
  expect(told).toEqual([`wrote ${path}: the account romeo is chosen by -a romeo`]);
});

test.each(['romeo', ROMEO, `${ROMEO}/phone`])(
  'of the account that commands take already, by account = %j, that is said again (R1333)',
  async (chosen) => {
    await writeFile(path, `account = "${chosen}"\n${WORK}${LINES}`);
    const { told } = await write();
    expect(told).toEqual([`wrote ${path}: the account romeo is the one that commands take`]);
  },
);

test('settings that cannot be changed safely are left, and the lines printed (R995)', async () => {
  const text = 'accounts = { work = { jid = "juliet@example.org" } }\n';
  await writeFile(path, text);
  expect(await write()).toEqual({
    ...{ failed: undefined, printed: LINES },
    told: [
      `${path} is not written in a way that can be changed safely; put these lines there yourself:`,
    ],
  });
  expect(await readFile(path, 'utf8')).toBe(text);
});

test('the lines are printed, too, where the settings cannot be written (R995)', async () => {
  const full = async () => {
    throw new Error('the disk is full');
  };
  expect(await write({ save: full })).toEqual({
    ...{ failed: 'the disk is full', printed: `account = "romeo"\n\n${LINES}`, told: [] },
  });
});

test('an account that came under the same name while login asked stays whole (R1197)', async () => {
  const other =
    '[accounts.romeo]\njid = "romeo@other.example" # his\nproxy = "socks5://u:pw@h:1"\nallow-plain = true\n';
  const { told } = await write({ meanwhile: () => writeFile(path, other, { mode: 0o600 }) });
  expect(told).toEqual([
    `wrote ${path}: the account romeo-example-org is chosen by -a romeo-example-org`,
  ]);
  const lines = LINES.replace('romeo]', 'romeo-example-org]');
  expect(await readFile(path, 'utf8')).toBe(`${other}\n${lines}`);
});

test.each([
  ['got', '', `[accounts.romeo]\njid = "${ROMEO}"\nproxy = "socks5://h:1"\n`],
  ['got others', LINES, `${LINES}allow-plain = true\n`],
  ['lost', LINES, WORK],
])(
  'an account that %s its lines while login asked is left, and what was tried is printed (R1197)',
  async (_how, before, after) => {
    await writeFile(path, before);
    expect(await write({ meanwhile: () => writeFile(path, after) })).toEqual({
      ...{ failed: undefined, printed: LINES },
      told: [`${path} has other lines for ${ROMEO} by now; put these lines there yourself:`],
    });
    expect(await readFile(path, 'utf8')).toBe(after);
  },
);

test('logins at the same time lose none of each other’s lines, nor the default (R1198)', async () => {
  const jids = ['example.org', 'a.example', 'b.example', 'c.example'].map(
    (host) => `romeo@${host}`,
  );
  const entered = Promise.all(jids.map(entryOf)); // all find the name free
  const told = await Promise.all(
    jids.map((jid) => write({ jid, meanwhile: () => entered, keys: { jid } })),
  );
  expect(told.map(({ failed }) => failed)).toEqual(jids.map(() => undefined));
  const { accounts, account } = await readSettings(program, path);
  const found = [...accounts.values()].map((values) => values.get('account'));
  expect(found.sort()).toEqual(jids.sort());
  expect([...accounts.keys()]).toContain(account);
});

test('the password of a proxy is written for the owner’s eyes alone, or not at all (R1200)', async () => {
  const keys = { jid: ROMEO, proxy: 'socks5://u:SECRET@h:1' };
  await write({ keys });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFile(path, WORK);
  await chmod(path, 0o644);
  const { failed, printed } = await write({ keys });
  expect(failed).toBe(`${path}, with the password of a proxy in it, can be read by others`);
  expect(printed).toContain('proxy = "socks5://u:SECRET@h:1"\n');
  expect(await readFile(path, 'utf8')).toBe(WORK);
  expect(await write({ keys: { jid: ROMEO, proxy: 'socks5://u@h:1' } })).toMatchObject({
    failed: undefined,
  });
});

test('a lock that another process does not give up is told in plain words (R1198)', async () => {
  const locked = async () => {
    throw new FolderInUse(folder, 1);
  };
  const context = { settingsPath: path, whileLocked: locked };
  const failing = holdSettings(context, async () => undefined);
  await expect(failing).rejects.toMatchObject({
    ...{ name: 'UsageError', message: `another inband keeps ${folder} locked` },
    hints: ['run the command again'],
  });
});

const asRoot = process.geteuid?.() === 0 ? test : test.skip;

asRoot('settings in a folder of another user are not written (R1315)', async () => {
  await chown(folder, 65_534, 65_534);
  expect((await write()).failed).toBe(`${folder} belongs to another user`);
  expect(await readdir(folder)).toEqual([]);
});

test('settings that are no longer valid are not written, and the lines printed (R1197)', async () => {
  expect(await write({ meanwhile: () => writeFile(path, 'no toml') })).toMatchObject({
    ...{ failed: expect.stringContaining(`${path}:1:`), printed: LINES },
  });
  expect(await readFile(path, 'utf8')).toBe('no toml');
});

test.each([
  ['of another person', '[accounts.romeo]\njid = "romeo@other.example"\n'],
  ['with other lines', `${LINES}allow-plain = true\n`],
])('logout leaves a table of this name %s (R1199)', async (_which, after) => {
  await writeFile(path, `account = "romeo"\n${LINES}`);
  const entry = entryNamed('romeo', await readSettings(program, path));
  const context = contextWith(new PassThrough(), saveFile);
  await writeFile(path, after);
  const seen: string[] = [];
  const forget = async () => void seen.push(await readFile(path, 'utf8'));
  expect(await removeAccount(entry, program, context, forget)).toBe('stale');
  expect(await readFile(path, 'utf8')).toBe(after);
  expect(seen).toEqual([]);
  const before = `account = "romeo"\n${WORK}${LINES}`;
  await writeFile(path, before);
  expect(await removeAccount(entry, program, context, forget)).toBe('done');
  expect(seen).toEqual([before]);
  expect(await readFile(path, 'utf8')).toBe(WORK);
});

test('logout forgets no password where the settings cannot be changed safely (R1353)', async () => {
  const text = `accounts = { romeo = { jid = "${ROMEO}", password-file = "romeo.password" } }\n`;
  await writeFile(path, text);
  const entry = entryNamed('romeo', await readSettings(program, path));
  const context = contextWith(new PassThrough(), saveFile);
  let isForgotten = false;
  const forget = async () => {
    isForgotten = true;
  };
  expect(await removeAccount(entry, program, context, forget)).toBe('unsafe');
  expect(isForgotten).toBe(false);
  expect(await readFile(path, 'utf8')).toBe(text);
});
