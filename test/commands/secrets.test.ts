import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runInband } from '../support/programs/inband.js';

const SETTINGS = `[accounts.work]
jid = "romeo@example.org"
password-file = "~/elsewhere/work"
`;

const FILES: Record<string, string> = {
  'config/inband/config.toml': SETTINGS,
  'config/inband/work.password': 'secret',
  'data/inband/keys/a.json': '{}',
  'data/inband/keys/a.old.key': '{}',
  'data/inband/trust/b.json': '{}',
  'elsewhere/work': 'secret',
  given: 'secret',
};

const HINT =
  '  to use the account elsewhere, too: "inband login" there; "inband key export" gives its key\n';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'inband-secrets-'));
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(join(home, dirname(name)), { recursive: true });
    await writeFile(join(home, name), text, { mode: 0o600 });
  }
});
afterAll(() => rm(home, { recursive: true }));

test.each([
  ...Object.keys(FILES).map((name) => ['send', name, 'juliet@example.org']),
  ['upload', 'given'],
  ['publish', 'data/inband/keys/a.json'],
])('%s gives %s to nobody (R1340)', async (command = '', name = '', ...others) => {
  const account = ['-a', 'romeo@example.org/x', '--service', 'xmpp://127.0.0.1:1'];
  const args = [command, ...account, '--password-file', 'given', name, ...others];
  const env = { XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'data') };
  const running = runInband(args, { home, cwd: home, env });
  expect(await running.exited).toMatchObject({ code: 2 });
  expect(running.stderr()).toBe(
    `inband: ${name} stays here: inband keeps passwords or keys in it\n${HINT}`,
  );
});
