import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UsageError } from '../../../src/commands/context.js';
import { ExecFailed, requireProgram, runFor } from '../../../src/commands/receive/exec.js';
import type { FileToDo } from '../../../src/transfer/receiving/due-work.js';
import { appears } from '../../support/files.js';

const NAME = '$(touch harm); `touch harm` "\'\n--flag\0';
const ARRIVAL = {
  recordId: '1',
  path: '/inbox/$(touch harm) -rf',
  name: NAME,
  peer: 'romeo@montague.example/orchard',
  size: 7,
  sha256: 'abc',
};

const HOW = { isAgain: false, onStarted: () => undefined };

const never = new AbortController().signal;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-exec-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A program of this text, run for the arrival; what reached stderr. */
async function run(text: string, signal = never, file: FileToDo = ARRIVAL): Promise<string> {
  const program = join(folder, 'program');
  await writeFile(program, `#!${process.execPath}\n${text}`);
  await chmod(program, 0o700);
  const path = join(folder, 'stderr');
  const stderr = createWriteStream(path);
  await once(stderr, 'open');
  const lies = { INBAND_PEER_KEY: 'mine', INBAND_TRUST: 'verified', INBAND_SHA256: 'def' };
  const env = { PATH: process.env.PATH, INBAND_PASSWORD: 'secret', ...lies };
  await runFor(program, file, HOW, { env, stderr, signal });
  stderr.destroy();
  return readFile(path, 'utf8');
}

describe('a program', () => {
  const env = { PATH: process.env.PATH };

  test('is found by its path, or in the folders of PATH', async () => {
    await requireProgram(process.execPath, env);
    await requireProgram('sh', env);
  });

  test.each(['sh -c', '~/program', '/tmp', './none', fileURLToPath(import.meta.url)])(
    'is what can be run: not %s',
    async (program) => {
      await expect(requireProgram(program, env)).rejects.toThrow(UsageError);
    },
  );
});

const asRoot = process.geteuid?.() === 0 ? test : test.skip;

asRoot('nobody is asked to make a program of what belongs to somebody else (R1318)', async () => {
  const program = join(folder, 'program');
  await writeFile(program, '', { mode: 0o644 });
  const hints = async () => {
    const error = await requireProgram(program, {}).catch((thrown) => thrown);
    return (error as UsageError).hints;
  };
  expect(await hints()).toEqual([`allow it: chmod +x ${program}`]);
  await chown(program, 65_534, 65_534);
  expect(await hints()).toEqual(['whom it belongs to can allow it; or give a program of yours']);
});

describe('the program that is run for a file', () => {
  test('gets its path as the only argument, and the facts in its environment (R59)', async () => {
    const told = await run(`
      const facts = Object.entries(process.env).filter(([name]) => name.startsWith('INBAND_'));
      console.log(JSON.stringify([process.argv.slice(2), Object.fromEntries(facts)]));`);
    expect(JSON.parse(told)).toEqual([
      [ARRIVAL.path],
      {
        INBAND_PATH: ARRIVAL.path,
        INBAND_NAME: NAME.slice(0, -1),
        INBAND_PEER: ARRIVAL.peer,
        INBAND_SIZE: '7',
        INBAND_SHA256: 'abc',
        INBAND_ENCRYPTED: '0',
      },
    ]);
  });

  test('is told by whose key a file came encrypted, whatever is in our environment (R538)', async () => {
    const text = `
      const { INBAND_ENCRYPTED, INBAND_PEER_KEY, INBAND_TRUST } = process.env;
      console.log(JSON.stringify([INBAND_ENCRYPTED, INBAND_PEER_KEY, INBAND_TRUST]));`;
    const sealed = { ...ARRIVAL, sealedBy: 'a'.repeat(52), trust: 'verified' } as const;
    const told = async (file: FileToDo) => JSON.parse(await run(text, never, file));
    expect(await told(sealed)).toEqual(['1', sealed.sealedBy, 'verified']);
    expect(await told(ARRIVAL)).toEqual(['0', null, null]);
  });

  test('is told no hash of a file that was changed, whatever is in our environment (R800)', async () => {
    const text = 'console.log(process.env.INBAND_SHA256)';
    expect(await run(text)).toBe('abc\n');
    expect(await run(text, never, { ...ARRIVAL, sha256: undefined })).toBe('undefined\n');
  });

  test('is told of when it fails', async () => {
    await expect(run('process.exit(3)')).rejects.toThrow(ExecFailed);
    await expect(run('process.exit(3)')).rejects.toThrow(
      `/program failed for ${ARRIVAL.path} (exit code 3)`,
    );
  });

  // Its place was taken as long as anything had its output.
  test('is over when it ends, whatever it leaves in the background', async () => {
    const pid = Number(
      await run(`
      const { spawn } = require('node:child_process');
      const left = spawn('sleep', ['600'], { stdio: 'inherit', detached: true });
      left.unref();
      console.log(left.pid);`),
    );
    expect(process.kill(pid)).toBe(true); // it is there still
  });

  // The daemon was to end within seconds, and waited for it.
  test('is left to itself when the daemon is interrupted', async () => {
    const [pid, ended] = [join(folder, 'pid'), join(folder, 'ended')];
    const text = `
      const { renameSync, writeFileSync } = require('node:fs');
      process.on('SIGTERM', () => { writeFileSync('${ended}', ''); process.exit(); });
      setInterval(() => {}, 1000);
      writeFileSync('${pid}.new', String(process.pid));
      renameSync('${pid}.new', '${pid}');`;
    const interrupt = new AbortController();
    const running = run(text, interrupt.signal);
    await appears(pid);
    interrupt.abort(new Error('interrupted'));
    await running;
    expect(existsSync(ended)).toBe(false);
    process.kill(Number(await readFile(pid, 'utf8')));
    await appears(ended);
  });

  test('is told of when it is not there', async () => {
    const running = runFor('/not/there', ARRIVAL, HOW, {
      ...{ env: {}, stderr: process.stderr, signal: never },
    });
    await expect(running).rejects.toThrow('ENOENT');
  });
});

test('of a program that cannot be started the failure names the file (R69)', async () => {
  const arrival = { ...ARRIVAL, name: 'x'.repeat(3_000_000) };
  const stderr = createWriteStream(join(folder, 'stderr'));
  await once(stderr, 'open');
  const run = runFor(process.execPath, arrival, HOW, { env: {}, stderr, signal: never });
  await expect(run).rejects.toThrow(ExecFailed);
  await expect(run).rejects.toThrow(`${process.execPath} failed for ${ARRIVAL.path} (`);
  stderr.destroy();
});
