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
