import { readdirSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { accountOf } from '../../support/programs/inband.js';
import { type Running, start } from '../../support/programs/process.js';
import { hashOfFile, outcomeOf, prepareStage, writeRandom } from '../stage.js';

// What docs/recipes.md shows is run as it is written, but for the JIDs, which are those of the test server.

const RECIPES = fileURLToPath(new URL('../../../docs/recipes.md', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('../../../bin/inband.js', import.meta.url));

const stage = prepareStage();
const shells: Running[] = [];
let recipes: string;

beforeAll(async () => {
  recipes = await readFile(RECIPES, 'utf8');
});
afterEach(async () => {
  await Promise.all(shells.splice(0).map((shell) => shell.stop('SIGTERM')));
});

/** The first block of that language below a heading, with the accounts of the test server. */
function blockOf(heading: string, language: string, jids: Record<string, string>): string {
  const [, section = ''] = recipes.split(`## ${heading}\n`);
  const [, block] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(section) ?? [];
  if (block === undefined) throw new Error(`docs/recipes.md has no ${language} below ${heading}`);
  return Object.entries(jids).reduce((text, [from, to]) => text.replaceAll(from, to), block);
}

/** Runs lines in bash, in the home folder of an account's owner, with `inband` on the path. */
async function shell(name: string, lines: string): Promise<Running> {
  const home = stage.home(name);
  const bin = join(home, 'bin');
  await mkdir(bin, { recursive: true });
  const program = join(bin, 'inband');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`);
  await chmod(program, 0o700);
  const PATH = [bin, process.env.PATH].join(delimiter);
  const env = { PATH, HOME: home, ...accountOf(stage.server, name) };
  const running = start('bash', ['-c', lines], { env, cwd: home, stdin: '' });
  shells.push(running);
  return running;
}

async function run(name: string, lines: string): Promise<string> {
  const outcome = await outcomeOf(await shell(name, lines));
  expect(outcome).toMatchObject({ code: 0 });
  return outcome.stdout;
}

test('the backup arrives encrypted, and is removed here', async () => {
  const home = stage.home('alice');
  await mkdir(join(home, 'Documents'));
  await mkdir(join(home, '.cache/backup'), { recursive: true });
  await writeFile(join(home, 'Documents/letter.txt'), 'dear juliet');
  const key = `gpg --batch --quiet --passphrase '' --quick-generate-key juliet@example.org`;
  await run('alice', `${key} 2>&1`);
  const bob = await stage.receive('bob', ['--allow', 'alice@localhost']);
  const backup = blockOf('A backup every night', 'bash', { 'vault@example.org': 'bob@localhost' });
  await run('alice', backup);
  const [path] = await bob.line(/^\/.*\.tar\.gz\.gpg$/);
  const list = `gpg --batch --quiet --decrypt ${path} | tar tz; gpgconf --kill all`;
  expect(await run('alice', list)).toBe('Documents/\nDocuments/letter.txt\n');
  expect(readdirSync(join(home, '.cache/backup'))).toEqual([]);
});

/** Sends a file to bob, again while he is not online: neither recipe tells when he is. */
async function sendToBob(): Promise<string> {
  const source = join(stage.folder(), 'source');
  const hash = await writeRandom(source, 10_000);
  const send = () => outcomeOf(stage.inband('alice', ['send', source, 'bob@localhost']));
  let outcome = await send();
  while (outcome.code === 5 && shells.every(({ child }) => child.exitCode === null)) {
    outcome = await send();
  }
  expect(outcome).toMatchObject({ code: 0 });
  return hash;
}

test('the service starts, and receives into the inbox', async () => {
  const unit = blockOf('Receive as a service', 'ini', { '%h': stage.home('bob') });
  const [, command = ''] = /^ExecStart=\/usr\/local\/bin\/(.*)$/m.exec(unit) ?? [];
  // Whoever runs the test may have less than 5 GB free.
  await shell('bob', `exec ${command.replace('--min-free 5G', '--min-free 1M')}`);
  const hash = await sendToBob();
  expect(await hashOfFile(join(stage.home('bob'), 'inbox/source'))).toBe(hash);
});

test('the blob of the bot is fetched', async () => {
  const source = join(stage.home('bob'), 'chart.png');
  const hash = await writeRandom(source, 2000);
  const cid = (await run('bob', blockOf('A blob for a bot', 'sh', {}))).trim();
  expect(cid).toMatch(/^sha1\+[0-9a-f]{40}@bob\.xmpp\.org$/);
  await stage.receive('bob');
  const [, fetchPart = ''] = recipes.split('The other end needs');
  const [, line = ''] = /```sh\n(.*?)\n```/s.exec(fetchPart) ?? [];
  const fetch = line.replace('bot@example.org', 'bob@localhost').replace(/sha1\+\S+$/, cid);
  await run('alice', fetch);
  expect(await hashOfFile(join(stage.home('alice'), 'chart.png'))).toBe(hash);
});

test('the first line for scripts keeps a list of hashes', async () => {
  const [line = ''] = blockOf('In scripts', 'sh', {}).split('\n');
  const listing = await shell('bob', `trap 'kill $(jobs -p)' TERM\n${line} &\nwait`);
  const hash = await sendToBob();
  const row = `${hash}  ${join(stage.home('bob'), 'source')}`;
  await listing.line(new RegExp(`^${row}$`));
  expect(await readFile(join(stage.home('bob'), 'SHA256SUMS'), 'utf8')).toBe(`${row}\n`);
});

test('the other lines for scripts take one file, and send a folder', async () => {
  const jids = { 'romeo@example.org': 'alice@localhost' };
  const [, once = '', ...pipe] = blockOf('In scripts', 'sh', jids).split('\n');
  const receiving = await shell('bob', `${once}\ntar tzf "$path"`);
  await mkdir(join(stage.home('alice'), 'photos'));
  await writeFile(join(stage.home('alice'), 'photos/one'), 'a photo');
  const sending = pipe.join('\n').replace('alice@localhost', 'bob@localhost');
  let sent = await run('alice', sending);
  while (sent === 'failed with 5\n') sent = await run('alice', sending);
  expect(sent).toBe('');
  expect(await outcomeOf(receiving)).toMatchObject({ code: 0, stdout: 'photos/\nphotos/one\n' });
});
