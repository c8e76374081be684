import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';
import { runInband } from '../../support/programs/inband.js';
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
