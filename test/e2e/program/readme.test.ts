import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';
import { runInband } from '../../support/programs/inband.js';
import { start } from '../../support/programs/process.js';
import { outcomeOf, prepareStage, withoutWaits } from '../stage.js';

// What README.md shows of the first file is run as it is written, but for the account, which is one of the test server.

const README = fileURLToPath(new URL('../../../README.md', import.meta.url));

const stage = prepareStage();
let readme: string;

beforeAll(async () => {
  readme = await readFile(README, 'utf8');
});

/** The commands that are shown, each with what it prints; passwords come from the environment here. */
function shown(): { args: string[]; lines: string[] }[] {
  const blocks = [...readme.matchAll(/^```console\n\$ inband (.*)\n([\s\S]*?)^```/gm)];
  return blocks.map(([, command = '', output = '']) => ({
    args: command.replaceAll('juliet@example.org', 'alice@localhost').split(' '),
    lines: output.split('\n').filter((line) => line && !line.startsWith('Password for ')),
  }));
}

/** Without what is of this run alone. */
const plain = (line: string): string =>
  line
    .replaceAll('juliet@example.org', 'alice@localhost')
    .replace(/inband-[0-9a-f]{16}/, 'inband-…')
    .replace(/\b[a-z2-7]{52}\b/, 'a key');

test('the first file is received and sent as README.md shows (R683)', async () => {
  const [receive, send] = shown();
  if (!receive || !send) throw new Error('README.md shows no first file');
  const receiving = stage.inband('alice', receive.args);
  await receiving.line(/^online as /, 'stderr');
  expect(withoutWaits(receiving.stderr()).split('\n').filter(Boolean).map(plain)).toEqual(
    receive.lines.map(plain),
  );
  const folder = stage.folder();
  await writeFile(join(folder, 'holiday.mp4'), Buffer.alloc(5_200_000, 'holiday'));
  const sending = stage.inband('alice', send.args, { cwd: folder });
  const sent = await outcomeOf(sending);
  expect(sent).toMatchObject({ code: 0, stdout: '' });
  expect(withoutWaits(sent.stderr).split('\n').filter(Boolean).map(plain)).toEqual(
    send.lines.map(plain),
  );
  await receiving.line(/\/inbox\/holiday\.mp4$/);
});

test('every command that README.md names has a help (R683)', async () => {
  const named = [...readme.matchAll(/`inband ([a-z]+)/g)].map(([, name]) => name as string);
  expect(named.length).toBeGreaterThan(10);
  for (const name of new Set(named)) {
    const running = runInband([name, '--help'], { home: stage.home('alice') });
    expect(await outcomeOf(running)).toMatchObject({ code: 0, stderr: '' });
  }
});

/** The lines of `inband help bug` that are for a shell. */
async function cleaning(): Promise<string> {
  const help = await outcomeOf(runInband(['help', 'bug'], { home: stage.home('alice') }));
  const lines = help.stdout.split('\n').filter((line) => line.startsWith('    '));
  return lines.slice(1).join('\n');
}

test('what "inband help bug" says takes addresses, keys and hashes out of a log (R998)', async () => {
  const bob = await stage.receive('bob');
  const folder = stage.folder();
  await writeFile(join(folder, 'holiday.mp4'), 'holiday');
  const sending = stage.inband('alice', ['send', '--verbose', 'holiday.mp4', 'bob@localhost'], {
    cwd: folder,
  });
  const { code, stderr } = await outcomeOf(sending);
  expect(code).toBe(0);
  await bob.stop();
  const home = stage.home('alice');
  const lines = ['fd00:1:2::3', '203.0.113.5', `${home}/x`, `key ${'q7'.repeat(26)}`];
  await writeFile(join(folder, 'log'), `${stderr}${lines.join('\n')}\n`);
  const script = start('sh', ['-c', await cleaning()], {
    cwd: folder,
    env: { ...process.env, HOME: home },
  });
  expect(await outcomeOf(script)).toMatchObject({ code: 0, stderr: '' });
  const log = await readFile(join(folder, 'log.txt'), 'utf8');
  expect(log.split('\n').slice(-5)).toEqual(['ADDRESS', 'ADDRESS', 'HOME/x', 'key KEY', '']);
  expect(stderr).toMatch(/[0-9a-f]{64}/);
  expect(log).not.toMatch(/@|localhost\/|127\.0\.0\.1|[0-9a-f]{32}|[a-z2-7]{52}/);
  expect(log).toMatch(/online as JID\n/);
});
