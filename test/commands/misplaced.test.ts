import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runInband } from '../support/programs/inband.js';

const home = mkdtempSync(join(tmpdir(), 'inband-misplaced-'));
const inbox = join(home, 'inbox');

beforeAll(async () => {
  await mkdir(join(home, '.config', 'inband'), { recursive: true });
  await mkdir(inbox);
  await writeFile(join(home, 'photo.jpg'), 'a photo');
  await writeFile(join(home, 'hook.sh'), '#!/bin/sh\n');
  for (const name of ['a photo.jpg', 'my hook.sh']) await writeFile(join(home, name), '');
  await writeFile(
    join(home, '.config', 'inband', 'config.toml'),
    `[receive]\ndir = ${JSON.stringify(inbox)}\n`,
  );
});
afterAll(() => rmSync(home, { recursive: true }));

async function told(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const env = { INBAND_ACCOUNT: 'romeo@example.org', INBAND_PASSWORD: 'x' };
  const running = runInband(args, { home, cwd: home, env });
  const { code } = await running.exited;
  return { code, stderr: running.stderr() };
}

test.each<[string, string[], string]>([
  [
    'the recipient comes first',
    ['send', 'juliet@example.org', 'photo.jpg'],
    'inband: the recipient comes last\n  inband send photo.jpg juliet@example.org\n',
  ],
  [
    'it comes before several files that a shell would not take for one each',
    ['send', 'juliet@example.org', 'a photo.jpg', 'photo.jpg'],
    "inband: the recipient comes last\n  inband send 'a photo.jpg' photo.jpg juliet@example.org\n",
  ],
  [
    'the files begin like flags',
    ['send', '--', '-x.jpg', 'a photo.jpg'],
    "inband: a photo.jpg is a file, and the recipient comes last\n  inband send -- -x.jpg 'a photo.jpg' <jid>\n  a server of that name is given as 'xmpp:a photo.jpg'\n",
  ],
  [
    'there are flags, which are to be there again',
    ['send', '--encrypt', 'require', 'juliet@example.org', 'photo.jpg'],
    'inband: the recipient comes last\n  inband send … photo.jpg juliet@example.org\n',
  ],
  [
    'the one file has a space',
    ['send', 'a photo.jpg'],
    "inband: nobody is named to send a photo.jpg to\n  inband send 'a photo.jpg' <jid>\n",
  ],
  [
    'it is an xmpp: URI',
    ['send', 'xmpp:juliet@example.org', 'photo.jpg'],
    'inband: the recipient comes last\n  inband send photo.jpg xmpp:juliet@example.org\n',
  ],
  [
    'there are two recipients',
    ['send', 'photo.jpg', 'juliet@example.org', 'nurse@example.org'],
    'inband: juliet@example.org is no file\n  several recipients are given with --to: --to juliet@example.org --to nurse@example.org\n',
  ],
  [
    'there is none',
    ['send', 'photo.jpg', 'hook.sh'],
    'inband: hook.sh is a file, and the recipient comes last\n  inband send photo.jpg hook.sh <jid>\n  a server of that name is given as xmpp:hook.sh\n',
  ],
  [
    'a path is no address',
    ['send', 'photo.jpg', './a.txt'],
    'inband: "./a.txt" is not an XMPP address\n  one looks like name@example.org\n',
  ],
  [
    'one recipient stands among the files',
    ['send', 'photo.jpg', 'nurse', '--to', 'juliet@example.org'],
    'inband: nurse is no file\n  with --to all operands are files; one more recipient: --to nurse\n',
  ],
  [
    'the program of --exec may not be run',
    ['receive', '--exec', './hook.sh'],
    'inband: --exec: ./hook.sh may not be run\n  allow it: chmod +x ./hook.sh\n',
  ],
  [
    'its path has a space',
    ['receive', '--exec', './my hook.sh'],
    "inband: --exec: ./my hook.sh may not be run\n  allow it: chmod +x './my hook.sh'\n",
  ],
])(
  'where %s, what would be right is said, as a shell takes it (R580, R1268)',
  async (_, args, stderr) => {
    expect(await told(...args)).toEqual({ code: 2, stderr });
  },
);

test('received looks where receive puts files, and says that nothing is there, and where (R580, R1239)', async () => {
  expect(await told('received')).toEqual({
    code: 0,
    stderr: `no file has arrived in ${inbox} yet; those of another folder: inband received --dir <path>\n`,
  });
});

test('received says once that nothing waits to be run again, and where (R1277)', async () => {
  const stderr = (dir: string) =>
    `no file in ${dir} waits for --exec; those of another folder: inband received --exec-again --dir <path>\n`;
  expect(await told('received', '--exec-again')).toEqual({ code: 0, stderr: stderr(inbox) });
  expect(await told('received', '--exec-again', '--dir', '.')).toEqual({
    code: 0,
    stderr: stderr(home),
  });
});

test('received says with its whole path into which folder nobody receives (R1277)', async () => {
  expect(await told('received', '--health', '--dir', '.')).toEqual({
    code: 10,
    stderr: `inband: nobody receives into ${home}\n  start "inband receive --dir <path>", or look why it hangs\n`,
  });
});

test('received does not take a folder that is not there for an empty one (R580)', async () => {
  expect(await told('received', '--dir', 'nowhere')).toEqual({
    code: 10,
    stderr: 'inband: --dir: cannot open nowhere: no such file or directory\n',
  });
});
