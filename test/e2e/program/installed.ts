import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { accountOf } from '../../support/programs/inband.js';
import { type Running, start } from '../../support/programs/process.js';
import { hashOfFile, outcomeOf, resultsOf, type Stage, sha256, writeRandom } from '../stage.js';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const INSTALL_TIMEOUT_MS = 180_000;
export const run = promisify(execFile);

/** A file of the project, without its last newline. */
export const file = async (path: string) => (await readFile(join(ROOT, path), 'utf8')).trimEnd();
export const version = async (): Promise<string> => JSON.parse(await file('package.json')).version;

/** Runs a program as the owner of an account, in an empty folder, with a home that is empty at first. */
export function startAs(
  stage: Stage,
  name: string,
  command: string[],
  PATH: string | undefined,
): Running {
  const [program = '', ...args] = command;
  const env = { PATH, HOME: stage.home(name), ...accountOf(stage.server, name) };
  return start(program, args, { env, cwd: stage.folder(), stdin: '' });
}

/** What `inband` does wherever it is installed: `command` runs it as the owner of an account. */
export function runs(stage: Stage, command: (name: string, args: string[]) => Running): void {
  test('prints its version, and what it runs on', async () => {
    expect(await outcomeOf(command('alice', ['--version']))).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: expect.stringMatching(
        new RegExp(`^${await version()} \\(Node \\d+\\.\\d+\\.\\d+, linux x64\\)\n$`),
      ),
    });
  });

  test('sends and receives, encrypted', async () => {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, 100_000);
    const require = ['--encrypt', 'require'];
    const bob = command('bob', ['receive', '--once', ...require]);
    await bob.line(/^online as /, 'stderr');
    await resultsOf(command('alice', ['send', ...require, source, 'bob@localhost']));
    const [path = ''] = await resultsOf(bob);
    expect(await hashOfFile(path)).toBe(hash);
  });

  test('publishes and fetches a blob', async () => {
    const source = join(stage.folder(), 'source.png');
    const hash = await writeRandom(source, 1000);
    const serving = command('bob', ['publish', '--serve', source]);
    await serving.line(/^online as /, 'stderr');
    const cid = `sha-256+${hash}@bob.xmpp.org`;
    const args = ['fetch', cid, '--from', 'bob@localhost', '-o', '-'];
    const fetching = command('alice', args);
    expect(await outcomeOf(fetching)).toMatchObject({ code: 0 });
    expect(sha256(fetching.stdoutBytes())).toBe(hash);
    await serving.stop('SIGTERM');
  });
}
