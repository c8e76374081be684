import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readIn } from '../../support/sealing.js';
import { logInRaw } from '../../support/servers/raw-client.js';
import {
  type Actor,
  eventsOf,
  filesIn,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStage,
  resultsOf,
  sha256,
} from '../stage.js';

const BOB = 'bob@localhost';
const LETTER = 'a-secret-letter.txt';
const TEXT = Buffer.from('Good night, good night! Parting is such sweet sorrow. '.repeat(2000));
/** Many blocks, whatever the server does to some of them. */
const PLAIN_TO_SEE = ['--no-compress', '--block-size', '4096', '--retry-for', '0'];

/** Where the evil server writes what it sees, and reads what it is to do. */
const folder = mkdtempSync(join(tmpdir(), 'inband-evil-'));
const recordPath = join(folder, 'stanzas.xml');
const module = readFileSync(new URL('./evil_server.lua', import.meta.url), 'utf8');
const stage = prepareStage({ module: module.replaceAll('@FOLDER@', folder) });
const beEvil = (how: string) => writeFile(join(folder, 'evil'), how);

beforeEach(async () => {
  await writeFile(recordPath, '');
  await beEvil('');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** All that the server has seen. */
const seen = () => readIn(readFileSync(recordPath, 'latin1'));

/** A file, and its hash in all forms, that the server must not have seen. */
const SECRETS = [LETTER, 'sweet sorrow', sha256(TEXT), Buffer.from(sha256(TEXT), 'hex')];

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(stage.folder(), name);
  await writeFile(path, content);
  return path;
}

const send = (path: string, ...flags: string[]) =>
  outcomeOf(stage.inband('alice', ['send', ...flags, path, BOB]));

/** Starts to receive, and has alice and bob learn each other's keys. */
async function acquainted(...args: string[]): Promise<Actor> {
  const bob = await stage.receive('bob', args);
  expect(await send(await file('first', 'hello'))).toMatchObject({ code: 0 });
  await firstResults(bob, 1);
  await writeFile(recordPath, '');
  return bob;
}

test.each([
  ['deflated', []],
  ['as they are', ['--no-compress']],
])('a server sees no name, hash or byte, of bytes %s (R371)', async (_, flags) => {
  const letter = await file(LETTER, TEXT);
  const bob = await stage.receive('bob', ['--once', '--json']);
  const sent = await send(letter, '--json', ...flags);
  expect(sent).toMatchObject({ code: 0 });
  const done = (stdout: string) => eventsOf(stdout).find(({ event }) => event === 'done');
  expect(done(sent.stdout)).toMatchObject({ encrypted: true, trust: 'first' });
  const came = done((await outcomeOf(bob)).stdout);
  expect(came).toMatchObject({ encrypted: true, trust: 'first', sha256: sha256(TEXT) });
  expect(await hashOfFile(String(came?.path))).toBe(sha256(TEXT));
  expect(seen().includes('session-initiate')).toBe(true);
  for (const secret of SECRETS) expect(seen().includes(secret)).toBe(false);
});

test('the recorder finds what is sent in the clear (R371)', async () => {
  await stage.receive('bob', ['--once', '--encrypt', 'off']);
  await send(await file(LETTER, TEXT), '--encrypt', 'off');
  for (const secret of [LETTER, 'sweet sorrow', Buffer.from(sha256(TEXT), 'hex')]) {
    expect(seen().includes(secret)).toBe(true);
  }
});

describe('a server that is evil gets nothing and brings nothing (R372):', () => {
  test.each([
    ['strip', 'takes the key off', 11],
    ['swap', 'puts its own key there', 11],
    ['hide', 'hides the key in what has the same hash for caps', 11],
    ['mute', 'swallows the answer to the question for the key', 11],
    ['refuse', 'answers that there is no Jingle', 11],
    ['decline', 'refuses on behalf of the recipient', 11],
    ['security', 'says that the recipient could not open it', 11],
    ['unsealed', 'takes the seal off the offer', 7],
    ['alter', 'alters blocks', 7],
    ['truncate', 'cuts a block', 7],
    ['repeat', 'sends a block twice', 7],
    ['drop', 'leaves a block out', 7],
    ['reorder', 'changes the order of two', 7],
    ['close', 'says that the file is over', 7],
    ['received', 'says that the file is there', 7],
    ['success', 'says that all is well', 7],
    ['verdict', 'changes the verdict', 7],
  ])('%s: it %s', async (evil, _, code) => {
    const bob = await acquainted();
    await beEvil(evil);
    const letter = await file(LETTER, TEXT);
    const outcome = await send(letter, ...PLAIN_TO_SEE);
    expect(outcome.stderr).not.toMatch(/^sent /m);
    for (const secret of SECRETS) expect(seen().includes(secret)).toBe(false);
    const whole = filesIn(bob.folder).filter((path) => path.endsWith(LETTER));
    // With the verdict alone in its hands it can but hide that the file is there.
    expect(whole).toEqual(evil === 'verdict' ? [LETTER] : []);
    for (const path of whole) {
      expect(await hashOfFile(join(bob.folder, path))).toBe(sha256(TEXT));
    }
    expect(outcome).toMatchObject({ code });
  });
});

test('an offer that the server sends once more has no effect (R372)', async () => {
  const bob = await acquainted();
  await bob.stop();
  await resultsOf(stage.inband('bob', ['trust', 'remove', 'alice@localhost']));
  const run = join(stage.folder(), 'run');
  const program = await file('program', `#!/bin/sh\ntouch '${run}'\n`);
  await chmod(program, 0o755);
  const inbox = stage.folder();
  const again = await stage.receive('bob', ['--dir', inbox, '--exec', program, '--json']);
  const mallory = await logInRaw(stage.server, 'mallory', 'street');
  mallory.write(`<message to='${BOB}'><body>replay</body></message>`);
  await mallory.until(/session-accept/);
  mallory.close();
  await again.stop();
  const told = eventsOf(again.stdout()).map(({ event }) => event);
  expect(told.filter((event) => event !== 'state')).toEqual([]);
  expect(filesIn(inbox)).toEqual([]);
  expect(await resultsOf(stage.inband('bob', ['trust', 'list']))).toEqual([]);
});
