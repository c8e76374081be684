import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { hashOfFile, outcomeOf, prepareStage, resultsOf, writeRandom } from '../stage.js';

const stage = prepareStage();

/** Takes away what the stage puts into the environment. */
const NO_ENVIRONMENT = {
  INBAND_ACCOUNT: undefined,
  INBAND_PASSWORD: undefined,
  INBAND_SERVICE: undefined,
  INBAND_TLS_CA: undefined,
};

/** Writes the settings of a user, with an account that is named after its owner, and its password beside. */
async function writeSettings(name: string, more: string): Promise<string> {
  const folder = join(stage.home(name), '.config/inband');
  await mkdir(folder, { recursive: true });
  const { jid, password } = stage.server.account(name);
  await writeFile(join(folder, 'password'), password, { mode: 0o600 });
  const account = [
    `[accounts.${name}]`,
    `jid = "${jid}"`,
    `service = "${stage.server.service}"`,
    `tls-ca = "${stage.server.caPath}"`,
    'password-file = "password"',
  ];
  await writeFile(join(folder, 'config.toml'), [more, ...account, ''].join('\n'));
  return folder;
}

test('whoever is not let in by rules of the settings is told with where these stand (R1320)', async () => {
  const folder = await writeSettings('bob', 'account = "bob"\n[receive]\nallow = ["own"]');
  const bob = await stage.receive('bob', [], { env: NO_ENVIRONMENT });
  const refused = async () =>
    outcomeOf(stage.inband('alice', ['send', '/dev/null', 'bob@localhost/inband']));
  expect((await refused()).code).toBe(5);
  const list = `${join(folder, 'config.toml')}: [receive] allow`;
  const [told] = await bob.line(/^inband did not let .*/, 'stderr');
  expect(told).toMatch(
    /^inband did not let alice@localhost\/\S+ in; to let them in, add "alice@localhost"/,
  );
  expect(told.endsWith(` to the list in ${list}`)).toBe(true);
  bob.child.kill('SIGTERM');
  await outcomeOf(bob);
  const typed = await stage.receive('bob', ['--allow', 'own'], { env: NO_ENVIRONMENT });
  expect((await refused()).code).toBe(5);
  await typed.line(/ in; to let them in, add --allow alice@localhost$/, 'stderr');
});

test('an account by name and one by default send a file, with the defaults of both commands (R942)', async () => {
  await writeSettings('alice', '[send]\nstanza = "message"\nmessage = "for you"\njson = true');
  await writeSettings('bob', 'account = "bob"\n[receive]\ndir = "~/inbox"\nonce = true');
  const bob = await stage.receive('bob', [], { env: NO_ENVIRONMENT });
  const file = join(stage.folder(), 'file');
  const hash = await writeRandom(file, 100_000);
  const args = ['send', '-a', 'alice', file, 'bob@localhost'];
  const sent = await resultsOf(stage.inband('alice', args, { env: NO_ENVIRONMENT }));
  expect(sent).toContainEqual(expect.stringMatching(/^\{"event":"done"/));
  const [path = ''] = await resultsOf(bob);
  expect(path.startsWith(join(stage.home('bob'), 'inbox/'))).toBe(true);
  expect(await hashOfFile(path)).toBe(hash);
});

test.each(['bobby', 'xmpp:bob@localhost', 'xmpp:bob@localhost?sendfile'])(
  'a file sent to %s goes to whom it stands for, who has named its sender (R203)',
  async (to) => {
    const names = '[names]\nbobby = "bob@localhost"\nfriend = "xmpp:mallory@localhost"';
    await writeSettings('mallory', `account = "mallory"\n${names}`);
    await writeSettings('bob', `account = "bob"\n${names}`);
    const bob = await stage.receive('bob', ['--once', '--allow', 'friend'], {
      env: NO_ENVIRONMENT,
    });
    const file = join(stage.folder(), 'file');
    const hash = await writeRandom(file, 5_000);
    await resultsOf(stage.inband('mallory', ['send', file, to], { env: NO_ENVIRONMENT }));
    const [path = ''] = await resultsOf(bob);
    expect(await hashOfFile(path)).toBe(hash);
  },
);

test('a password file of the settings that others can read is refused', async () => {
  const folder = await writeSettings('alice', 'account = "alice"');
  const path = join(folder, 'password');
  await chmod(path, 0o640);
  const args = ['send', '/dev/null', 'bob@localhost'];
  const outcome = await outcomeOf(stage.inband('alice', args, { env: NO_ENVIRONMENT }));
  expect(outcome).toEqual({
    ...{ code: 2, stdout: '' },
    stderr: `inband: ${join(folder, 'config.toml')}: [accounts.alice] password-file: ${path} can be read by others\n  run: chmod 600 ${path}\n`,
  });
});
