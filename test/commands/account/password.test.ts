import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readPassword } from '../../../src/commands/account/password.js';
import { type Context, UsageError } from '../../../src/commands/context.js';

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-password-'));
  await mkdir(join(folder, 'credentials'));
  path = join(folder, 'credentials', 'password');
  await writeFile(path, 'secret\n');
});
afterAll(() => rm(folder, { recursive: true }));

const read = (env: NodeJS.ProcessEnv) =>
  readPassword({ passwordFile: path }, {
    env,
    signal: new AbortController().signal,
  } as unknown as Context);

test.each([
  ['/credentials', 0o440, true],
  ['/credentials/', 0o400, true],
  ['/credentials', 0o444, false],
  ['/cred', 0o440, false],
  ['/credentials/password', 0o440, false],
  [undefined, 0o440, false],
  [undefined, 0o600, true],
])(
  'with CREDENTIALS_DIRECTORY %s a password file of mode %o is read: %s (R81)',
  async (below, mode, isRead) => {
    await chmod(path, mode);
    const env = below === undefined ? {} : { CREDENTIALS_DIRECTORY: `${folder}${below}` };
    if (isRead) expect(await read(env)).toBe('secret');
    else await expect(read(env)).rejects.toThrow(UsageError);
  },
);

const run = (flags: { passwordCommand: string } | { passwordFile: string }) =>
  readPassword(flags, {
    ...{ env: process.env, stderr: 'inherit' },
    signal: new AbortController().signal,
  } as unknown as Context);

test.each(['cat /dev/zero', 'head -c 65537 /dev/zero', 'yes 2> /dev/null; exec sleep 1000'])(
  'a command that prints more than any password is ended: %s (R1203)',
  async (passwordCommand) => {
    await expect(run({ passwordCommand })).rejects.toMatchObject({
      ...{ name: 'UsageError', message: '--password-command gives more than 64 KiB' },
      hints: ['the password is to be in its first line, and little else behind it'],
    });
  },
);

test('a file that is too large for a password is not read, and one that is not is (R1203)', async () => {
  const large = join(folder, 'large');
  const line = 'ünicode\n';
  await writeFile(large, line.padEnd(65_537 - 1), { mode: 0o600 });
  await expect(run({ passwordFile: large })).rejects.toThrow(`${large} gives more than 64 KiB`);
  await writeFile(large, line.padEnd(65_536 - 1), { mode: 0o600 });
  expect(await run({ passwordFile: large })).toBe('ünicode');
  expect(await run({ passwordCommand: `cat '${large}'` })).toBe('ünicode');
});
