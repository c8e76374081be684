import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readPassword } from '../../../src/commands/account/password.js';
import type { Context } from '../../../src/commands/context.js';
import { keepersOf } from '../../../src/commands/login/keepers.js';
import { whileLocked } from '../../../src/storage/lock/while-locked.js';
import { writeWhole } from '../../../src/storage/whole-file.js';
import { type Keyring, standIn } from '../../support/programs/keyrings.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-keepers-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** What login needs of the world, with a keyring on the path. */
const contextWith = ({ folder: bin }: Keyring) =>
  ({
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    settingsPath: join(folder, 'config.toml'),
    whileLocked,
    writeSecret: writeWhole,
    stderr: 'inherit',
    signal: new AbortController().signal,
  }) as unknown as Context;

async function keeperOn(
  platform: NodeJS.Platform,
  program: 'security' | 'secret-tool',
  account: string,
) {
  const keyring = await standIn(folder, program);
  const context = contextWith(keyring);
  const entry = { account, name: 'romeo', known: {} };
  const [keeper] = keepersOf(entry, context, platform);
  if (!keeper) throw new Error('there is no keeper');
  const read = () => readPassword(keeper.source, context);
  return { keyring, keeper, read };
}

const PASSWORDS = ['wherefore', ' with "all" \\ of $HOME\'s `tricks` ', 'ünicode'];

test.each([
  ['linux', 'secret-tool', 'romeo@example.org'],
  ['linux', 'secret-tool', 'o\\27hara@example.org'],
  ['darwin', 'security', 'romeo@example.org'],
  ['darwin', 'security', 'o\\27hara@example.org'],
] as const)(
  'on %s a password comes back from %s as it was, and shows in no argument (R991)',
  async (platform, program, account) => {
    const { keyring, keeper, read } = await keeperOn(platform, program, account);
    expect(await keeper.isThere()).toBe(true);
    for (const password of PASSWORDS.slice(0, 2)) {
      await keeper.keep(password);
      expect(await read()).toBe(password);
    }
    const seen = await keyring.argumentsSeen();
    for (const password of PASSWORDS) {
      expect(seen).not.toContain(JSON.stringify(password).slice(1, -1));
      expect(seen).not.toContain(Buffer.from(password).toString('hex'));
    }
    await keeper.forget();
    expect(await keyring.count()).toBe(0);
    await expect(read()).rejects.toThrow('--password-command failed');
  },
);

test('what security gives back in hex is seen to be another password (R991)', async () => {
  const { keeper, read } = await keeperOn('darwin', 'security', 'romeo@example.org');
  await keeper.keep('ünicode');
  expect(await read()).not.toBe('ünicode');
});

test('an entry of pass that is not of our settings stays as it is (R1033)', async () => {
  const context = contextWith(await standIn(folder, 'secret-tool'));
  const at = join(folder, 'store/inband/romeo@example.org.gpg');
  await mkdir(dirname(at), { recursive: true });
  await writeFile(at, 'what it was');
  const env = { ...context.env, PASSWORD_STORE_DIR: join(folder, 'store') };
  const entry = { account: 'romeo@example.org', name: 'romeo', known: {} };
  const [, pass] = keepersOf(entry, { ...context, env }, 'linux');
  await expect(pass?.keep('wherefore')).rejects.toThrow(
    'pass has inband/romeo@example.org already',
  );
  expect(await readFile(at, 'utf8')).toBe('what it was');
});

test('pass is offered where it was set up, wherever its store is (R1238)', async () => {
  const context = contextWith(await standIn(folder, 'secret-tool'));
  await writeFile(join(folder, 'pass'), '#!/bin/sh\n', { mode: 0o755 });
  const entry = { account: 'romeo@example.org', name: 'romeo', known: {} };
  const store = join(folder, '.password-store');
  const env = { HOME: folder, PATH: `${folder}:${context.env.PATH}` };
  const isOffered = (more = {}) =>
    keepersOf(entry, { ...context, env: { ...env, ...more } }, 'linux')[1]?.isThere();
  expect(await isOffered()).toBe(false);
  await mkdir(store);
  expect(await isOffered()).toBe(false);
  await writeFile(join(store, '.gpg-id'), 'romeo\n');
  expect(await isOffered()).toBe(true);
  expect(await isOffered({ PASSWORD_STORE_DIR: join(folder, 'other') })).toBe(false);
  expect(await isOffered({ HOME: '/nowhere', PASSWORD_STORE_DIR: store })).toBe(true);
});

test('each place says what is to be known of it, and how the settings get the password (R991)', async () => {
  const context = contextWith(await standIn(folder, 'security'));
  const entry = { account: 'romeo@example.org', name: 'romeo', known: {} };
  const NO_SERVICE = 'a service that runs without you cannot read it there';
  const path = join(folder, 'romeo.password');
  const [secretTool, pass, file] = keepersOf(entry, context, 'linux');
  expect(secretTool).toMatchObject({
    place: 'in the keyring of the desktop (secret-tool)',
    remark: NO_SERVICE,
    source: {
      passwordCommand: "secret-tool lookup service inband account 'romeo@example.org'",
    },
  });
  expect(pass).toMatchObject({
    place: 'in pass',
    remark: `${NO_SERVICE}, unless its key has no passphrase`,
  });
  expect(file).toMatchObject({
    place: `in ${path}`,
    remark: 'nobody else may read it; a service needs it there',
    source: { passwordFile: path },
  });
  const [keychain] = keepersOf(entry, context, 'darwin');
  expect(keychain).toMatchObject({
    place: 'in the keychain (security)',
    remark: NO_SERVICE,
    source: {
      passwordCommand: "security find-generic-password -w -s inband -a 'romeo@example.org'",
    },
  });
});

test('security hears of a password by its input, in hex (R991)', async () => {
  const { keyring, keeper } = await keeperOn('darwin', 'security', 'romeo@example.org');
  await keeper.keep('se"cret');
  await keeper.forget();
  const of = '-s inband -a "romeo@example.org"';
  expect(await keyring.inputSeen()).toBe(
    `add-generic-password -U ${of} -X 73652263726574\ndelete-generic-password ${of}\n`,
  );
});

test('a file that is there already, and is not known for it, is left as it is (R991)', async () => {
  const context = contextWith(await standIn(folder, 'security'));
  const path = join(folder, 'romeo.password');
  await writeFile(path, 'something else');
  const entry = { account: 'romeo@example.org', name: 'romeo', known: {} };
  const keeper = keepersOf(entry, context).at(-1);
  await expect(keeper?.keep('secret')).rejects.toThrow(`${path} is there already`);
  await expect(keeper?.keep('secret')).rejects.toHaveProperty('hints', ['move it away']);
  expect(await readFile(path, 'utf8')).toBe('something else');
});

test('a pipe in the place of a file that is known for it is left as it is (R1319)', async () => {
  const context = contextWith(await standIn(folder, 'security'));
  const path = join(folder, 'romeo.password');
  execFileSync('mkfifo', [path]);
  const entry = { account: 'romeo@example.org', name: 'romeo', known: { passwordFile: path } };
  const keeper = keepersOf(entry, context).at(-1);
  await expect(keeper?.keep('secret')).rejects.toThrow(`${path} is there already`);
  await expect(keeper?.forget()).rejects.toThrow(`${path} is no file`);
  expect((await lstat(path)).isFIFO()).toBe(true);
});

test('a file that came while its login waited for another one is not removed with what that one kept (R1284)', async () => {
  const interrupt = new AbortController();
  const why = new Error('interrupted');
  const { signal } = interrupt;
  const context = {
    ...contextWith(await standIn(folder, 'security')),
    ...{ signal },
    whileLocked: (path: string, job: () => Promise<void>) =>
      whileLocked(path, job, { signal, warn: () => interrupt.abort(why) }),
  } as Context;
  const path = join(folder, 'romeo.password');
  const entry = { account: 'romeo@example.org', name: 'romeo', known: {} };
  const keeper = keepersOf(entry, context).at(-1);
  await whileLocked(folder, async () => {
    const keeping = keeper?.keep('secret');
    await writeFile(path, 'of another one');
    await expect(keeping).rejects.toBe(why);
  });
  await keeper?.forget();
  expect(await readFile(path, 'utf8')).toBe('of another one');
});

test('what a login has kept in a file is removed with it (R1284)', async () => {
  const entry = { account: 'romeo@example.org', name: 'romeo', known: {} };
  const keeper = keepersOf(entry, contextWith(await standIn(folder, 'security'))).at(-1);
  await keeper?.keep('secret');
  await keeper?.forget();
  await expect(readFile(join(folder, 'romeo.password'))).rejects.toThrow('ENOENT');
});

test('of two that keep a password under one name at once one is refused (R1198)', async () => {
  const context = contextWith(await standIn(folder, 'security'));
  const keepers = ['a.example', 'b.example'].map((host) => ({
    password: host,
    keeper: keepersOf({ account: `romeo@${host}`, name: 'romeo', known: {} }, context).at(-1),
  }));
  const kept = await Promise.allSettled(
    keepers.map(({ keeper, password }) => keeper?.keep(password)),
  );
  expect(kept.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const winner = keepers[kept.findIndex(({ status }) => status === 'fulfilled')];
  expect(await readFile(join(folder, 'romeo.password'), 'utf8')).toBe(`${winner?.password}\n`);
});
