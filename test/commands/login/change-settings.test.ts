import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Context } from '../../../src/commands/context.js';
import { writeAccount } from '../../../src/commands/login/change-settings.js';
import type { Reporter } from '../../../src/ui/report.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-settings-'));
  path = join(folder, 'config.toml');
});
afterEach(() => rm(folder, { recursive: true }));

const KEYS = { jid: 'romeo@example.org', 'password-file': 'romeo.password' };
const LINES = '[accounts.romeo]\njid = "romeo@example.org"\npassword-file = "romeo.password"\n';

/** Writes an account; returns what was said and printed. */
async function write(isDefault: true | undefined, save = writeFile as unknown) {
  const told: string[] = [];
  const stdout = new PassThrough();
  const context = {
    ...{ settingsPath: path, stdout },
    saveFile: async (bytes: Buffer) => (save as typeof writeFile)(path, bytes),
  } as unknown as Context;
  const reporter = {
    report: ({ text }: { text: string }) => told.push(text),
    warn: (text: string) => told.push(text),
  } as unknown as Reporter;
  const written = writeAccount({ name: 'romeo', keys: KEYS, isDefault }, context, reporter);
  const failed = await written.then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { told, failed, printed: `${stdout.read() ?? ''}` };
}

test('who logs in is told how the account is chosen (R995)', async () => {
  expect(await write(true)).toEqual({
    ...{ failed: undefined, printed: '' },
    told: [`wrote ${path}: the account romeo is the one that commands take`],
  });
  expect(await readFile(path, 'utf8')).toBe(`account = "romeo"\n\n${LINES}`);
  await writeFile(path, '[accounts.work]\njid = "juliet@example.org"\n');
  const { told } = await write(undefined);
  expect(told).toEqual([`wrote ${path}: the account romeo is chosen by -a romeo`]);
});

test('settings that cannot be changed safely are left, and the lines printed (R995)', async () => {
  const text = 'accounts = { work = { jid = "juliet@example.org" } }\n';
  await writeFile(path, text);
  expect(await write(undefined)).toEqual({
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
  expect(await write(undefined, full)).toEqual({
    ...{ failed: 'the disk is full', printed: LINES, told: [] },
  });
});
