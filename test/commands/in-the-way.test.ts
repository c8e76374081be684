import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openInbox } from '../../src/storage/inbox/inbox.js';
import { runInband } from '../support/programs/inband.js';

const ROMEO = ['-a', 'romeo@example.org'];
const KEY = 'aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq';
const CID = 'sha-256+2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824@bob.xmpp.org';

/** What is run on each file that inband keeps, and with what on standard input. */
const COMMANDS: [string, [args: string[], stdin?: string][]][] = [
  ['keys', [[['key', ...ROMEO]], [['key', 'replace', ...ROMEO]]]],
  [
    'trust',
    [
      [['trust', 'list']],
      [['trust', 'add', 'juliet@example.org'], KEY],
      [['trust', 'remove', 'juliet@example.org']],
    ],
  ],
  [
    'blobs',
    [
      [['cache', 'list']],
      [['cache', 'prune']],
      [['cache', 'remove', CID]],
      [['publish', 'hello.txt']],
    ],
  ],
  ['config.toml', [[['config']], [['trust', 'list']]]],
  ['ledger.jsonl', [[['received', '--dir', 'inbox']]]],
];

let before: string;
beforeAll(async () => {
  before = await mkdtemp(join(tmpdir(), 'inband-in-the-way-'));
  await writeFile(join(before, 'hello.txt'), 'hello');
  await mkdir(join(before, '.config', 'inband'), { recursive: true });
  await writeFile(
    join(before, '.config', 'inband', 'config.toml'),
    'account = "romeo@example.org"',
  );
  const inbox = await openInbox(join(before, 'inbox'));
  const record = { account: 'juliet@example.org', peer: 'juliet@example.org/x', offered: ['a'] };
  const partial = await inbox.createPartial();
  await partial.publish('a', { record: { ...record, isDue: false } });
  await inbox.close();
  for (const [, commands] of COMMANDS.slice(0, 3)) {
    for (const [args, stdin] of [...commands].reverse()) {
      if (!args.includes('remove')) await run(before, args, stdin);
    }
  }
});
afterAll(() => rm(before, { recursive: true }));

async function run(home: string, args: string[], stdin = '') {
  const running = runInband(args, { home, cwd: home, stdin });
  const { code } = await running.exited;
  return { code, stderr: running.stderr() };
}

describe.each(COMMANDS)('a folder in place of a file of %s', (what, commands) => {
  test('ends each command in a plain sentence, or does not matter to it, and stays (R866)', async () => {
    const all = await readdir(before, { recursive: true, withFileTypes: true });
    const files = all.filter(
      (one) => one.isFile() && join(one.parentPath, one.name).includes(what),
    );
    expect(files).not.toEqual([]);
    for (const { parentPath, name } of files) {
      const home = await mkdtemp(join(tmpdir(), 'inband-in-the-way-'));
      try {
        await cp(before, home, { recursive: true });
        const path = join(parentPath, name).replace(before, home);
        await rm(path);
        await mkdir(join(path, 'below'), { recursive: true });
        for (const [args, stdin] of commands) {
          const { code, stderr } = await run(home, args, stdin);
          expect([0, 2, 9, 10]).toContain(code);
          expect(stderr).not.toMatch(/ERR_|EISDIR|unexpected|^\s+at /m);
          if (code === 10) expect(stderr).toContain(name);
        }
        expect(await readdir(path)).toEqual(['below']);
      } finally {
        await rm(home, { recursive: true });
      }
    }
  }, 60_000);
});

test('a folder in place of a file of an inbox ends the opening in a plain sentence, or does not matter (R866)', async () => {
  const id = '01234567-89ab-4cde-8f01-23456789abcd';
  const staging = [
    'ledger.jsonl',
    'ledger.damaged',
    `${id}.json`,
    `${id}.part`,
    'exec-again',
    'lock',
  ];
  for (const name of staging) {
    const folder = await mkdtemp(join(tmpdir(), 'inband-in-the-way-'));
    try {
      await mkdir(join(folder, '.inband', name, 'below'), { recursive: true });
      const opening = openInbox(folder).then(async (inbox) => {
        await inbox.takeRequest().finally(() => inbox.close());
      });
      const message = await opening.then(
        () => 'opened',
        (error: Error) => error.message,
      );
      const path = join(folder, '.inband', name);
      expect(message).toMatch(/^opened$| is a folder$| is no lock of inband$/);
      if (message !== 'opened') expect(message.startsWith(path)).toBe(true);
      expect(await readdir(join(folder, '.inband'))).toContain(name);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
});
