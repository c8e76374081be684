import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import type { IqHandler, Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { xml } from '../../../src/session/xml.js';
import {
  eventsOf,
  filesIn,
  outcomeOf,
  prepareStage,
  resultsOf,
  sha256,
  withoutWaits,
} from '../stage.js';

const NS_BOB = 'urn:xmpp:bob';
const ALICE = 'alice@localhost';
/** Of a blob that nobody has. */
/** What is asked of one who may be there for others. */
const SHUT = [
  '  is "inband receive" running there, and does its --allow let you in?',
  '  or ask another with --from',
];
const NOWHERE = `sha-256+${sha256(Buffer.from('nowhere'))}@bob.xmpp.org`;
/** Neither who asks nor where. */
const NO_ACCOUNT = {
  env: { INBAND_ACCOUNT: undefined, INBAND_PASSWORD: undefined, INBAND_SERVICE: undefined },
};

const stage = prepareStage();
const sessions: Session[] = [];
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});

const cidOf = (bytes: Uint8Array) => `sha-256+${sha256(bytes)}@bob.xmpp.org`;

/** A file with random bytes, in a folder of its own. */
async function fileOf(size: number, name = 'picture.png') {
  const bytes = randomBytes(size);
  const path = join(stage.folder(), name);
  await writeFile(path, bytes);
  return { bytes, path, cid: cidOf(bytes) };
}

async function publish(name: string, ...args: string[]): Promise<string[]> {
  return resultsOf(stage.inband(name, ['publish', ...args], NO_ACCOUNT));
}

const fetchAs = (name: string, ...args: string[]) => stage.inband(name, ['fetch', ...args]);

/** Publishes a file as alice, who then receives and so serves it. */
async function served(...args: string[]) {
  const blob = await fileOf(3000);
  await publish('alice', ...args, blob.path);
  await stage.receive('alice');
  return blob;
}

/** What a user has in the cache of fetched blobs, beside what is said of them. */
const cachedBy = (name: string) =>
  filesIn(stage.home(name)).filter(
    (path) => path.startsWith('.cache/inband/blobs/') && !/\.json$/.test(path),
  );

/** An account of the test's own, online as `alice@localhost/peer`, that answers requests for blobs. */
async function peerThat(answers: IqHandler): Promise<string> {
  const { password } = stage.server.account('alice');
  const { service, ca } = stage.server;
  const session = await connect({ account: `${ALICE}/peer`, password, service, ca });
  sessions.push(session);
  session.handle('get', NS_BOB, 'data', answers);
  return session.jid;
}

const blobElement = (cid: string, bytes: Buffer, attributes = {}) =>
  xml('data', { xmlns: NS_BOB, cid, type: 'image/png', ...attributes }, bytes.toString('base64'));

describe('publish', () => {
  test('prints the cid, and needs no account', async () => {
    const { path, cid } = await fileOf(100);
    expect(await publish('alice', path)).toEqual([cid]);
  });

  test('--hash chooses the hash of the cid', async () => {
    const { bytes, path } = await fileOf(100);
    const hash = createHash('sha1').update(bytes).digest('hex');
    expect(await publish('alice', '--hash', 'sha1', path)).toEqual([`sha1+${hash}@bob.xmpp.org`]);
  });

  test('prints the cids of several files in their order', async () => {
    const files = [await fileOf(100), await fileOf(0), await fileOf(64 * 1024)];
    expect(await publish('alice', ...files.map(({ path }) => path))).toEqual(
      files.map(({ cid }) => cid),
    );
  });

  test('refuses more than 64 KiB (R56)', async () => {
    const { path } = await fileOf(64 * 1024 + 1);
    const outcome = await outcomeOf(stage.inband('alice', ['publish', path]));
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toMatch(/^inband: .*65536.*\n {2}use "inband send"\n$/m);
  });

  test('warns of more than 8 KiB, but not when it is to be quiet (R56)', async () => {
    const { path } = await fileOf(8 * 1024 + 1);
    const loud = await outcomeOf(stage.inband('alice', ['publish', path]));
    expect(loud.stderr).toMatch(/^warning: .*8193 bytes.*8192/m);
    const quiet = await outcomeOf(stage.inband('alice', ['publish', '-q', path]));
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
  });

  test('refuses what is no media type', async () => {
    const { path } = await fileOf(100);
    const outcome = await outcomeOf(stage.inband('alice', ['publish', '--type', 'png', path]));
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
  });

  test('--json tells of each blob', async () => {
    const png = await fileOf(100);
    const unknown = await fileOf(200, 'no-ending');
    const args = ['publish', '--json', png.path, unknown.path];
    const { code, stdout } = await outcomeOf(stage.inband('alice', args, NO_ACCOUNT));
    expect(code).toBe(0);
    expect(eventsOf(stdout)).toEqual([
      { event: 'blob', cid: png.cid, type: 'image/png', size: 100 },
      { event: 'blob', cid: unknown.cid, type: 'application/octet-stream', size: 200 },
    ]);
  });
});

describe('a published blob', () => {
  test('is given out by receive', async () => {
    const { bytes, cid } = await served();
    const bob = fetchAs('bob', cid, '--from', ALICE);
    const [path = '', ...others] = await resultsOf(bob);
    expect(others).toEqual([]);
    expect(path).toBe(join(bob.folder, `${cid}.png`));
    expect(isAbsolute(path)).toBe(true);
    expect(await readFile(path)).toEqual(bytes);
    expect(filesIn(bob.folder)).toEqual([`${cid}.png`]);
  });

  test('is given out by publish --serve until that is interrupted', async () => {
    const { bytes, path, cid } = await fileOf(64 * 1024, 'archive.zip');
    const alice = stage.inband('alice', ['publish', '--serve', path]);
    await alice.line(/^online as alice@localhost\/inband$/, 'stderr');
    expect(alice.stdout()).toBe(`${cid}\n`);
    const bob = fetchAs('bob', cid, '--from', ALICE);
    expect(await resultsOf(bob)).toEqual([join(bob.folder, `${cid}.zip`)]);
    expect(await readFile(join(bob.folder, `${cid}.zip`))).toEqual(bytes);
    await alice.stop('SIGINT');
    expect(await outcomeOf(alice)).toMatchObject({ code: 130, stdout: `${cid}\n` });
  });

  test('is not served twice: publish --serve leaves it to a receive that is there', async () => {
    const receiver = await stage.receive('alice');
    const { path, cid } = await fileOf(100);
    const again = await outcomeOf(stage.inband('alice', ['publish', '--serve', path]));
    expect(again).toMatchObject({ code: 0, stdout: `${cid}\n` });
    expect(again.stderr).toMatch(/^alice@localhost\/inband is online and /m);
    expect(await resultsOf(fetchAs('bob', cid, '--from', ALICE))).toHaveLength(1);
    expect(receiver.child.exitCode).toBe(null);
  });

  test('is given out by a receive that was there before it', async () => {
    await stage.receive('alice');
    const { path, cid } = await fileOf(100);
    await publish('alice', path);
    expect(await resultsOf(fetchAs('bob', cid, '--from', ALICE))).toHaveLength(1);
  });

  test('has the type that --type says, and the cid that --hash says', async () => {
    const { bytes, path } = await fileOf(100);
    const args = ['--type', 'text/plain', '--hash', 'sha1', path];
    const [cid = ''] = await publish('alice', ...args);
    await stage.receive('alice');
    const bob = fetchAs('bob', '--json', cid, '--from', ALICE);
    const { code, stdout } = await outcomeOf(bob);
    expect(code).toBe(0);
    const [blob] = eventsOf(stdout).filter(({ event }) => event === 'blob');
    expect(blob).toEqual({
      ...{ event: 'blob', cid, type: 'text/plain', size: 100, peer: `${ALICE}/inband` },
      path: join(bob.folder, `${cid}.txt`),
    });
    expect(await readFile(join(bob.folder, `${cid}.txt`))).toEqual(bytes);
  });

  test('is not given to a stranger, who hears what an absent resource would answer', async () => {
    const { cid } = await served();
    const mallory = fetchAs('mallory', cid, '--from', ALICE);
    const outcome = await outcomeOf(mallory);
    expect(outcome).toMatchObject({ code: 9, stdout: '' });
    expect(outcome.stderr).toContain('service-unavailable');
    expect(filesIn(mallory.folder)).toEqual([]);
  });

  test('is given to those alone whom publish --serve --allow names', async () => {
    const { path, cid } = await fileOf(100);
    const alice = stage.inband('alice', [
      'publish',
      '--serve',
      '--allow',
      'mallory@localhost',
      path,
    ]);
    await alice.line(/^online as /, 'stderr');
    expect(await outcomeOf(fetchAs('bob', cid, '--from', ALICE))).toMatchObject({ code: 9 });
    expect(await resultsOf(fetchAs('mallory', cid, '--from', ALICE))).toHaveLength(1);
  });

  test('with a max-age of 0 is given out and never in the cache', async () => {
    const { bytes, cid } = await served('--max-age', '0');
    for (const _ of ['first', 'second']) {
      const [path = ''] = await resultsOf(fetchAs('bob', cid, '--from', ALICE));
      expect(await readFile(path)).toEqual(bytes);
      expect(cachedBy('bob')).toEqual([]);
    }
    expect(await outcomeOf(fetchAs('bob', cid))).toMatchObject({ code: 2, stdout: '' });
  });
});

test('several are fetched into a folder, in their order, and the first failure counts (R205)', async () => {
  const files = [await fileOf(3000), await fileOf(100), await fileOf(20_000)];
  await publish('alice', ...files.map(({ path }) => path));
  await stage.receive('alice');
  const [one, two, three] = files.map(({ cid }) => cid) as [string, string, string];
  const bob = fetchAs('bob', '-o', 'new/folder', '--from', ALICE, one, NOWHERE, two, three);
  const { code, stdout, stderr } = await outcomeOf(bob);
  expect(code).toBe(9);
  expect(stderr.match(/online as/g)).toHaveLength(1);
  expect(stderr).toContain(NOWHERE);
  const names = files.map(({ cid }) => join(bob.folder, 'new/folder', `${cid}.png`));
  expect(stdout).toBe(names.map((name) => `${name}\n`).join(''));
  for (const [at, name] of names.entries()) expect(await readFile(name)).toEqual(files[at]?.bytes);
});

describe('fetch', () => {
  test('-o writes the file that it names, over what is there', async () => {
    const { bytes, cid } = await served();
    const path = join(stage.folder(), 'out');
    await writeFile(path, 'old');
    const bob = fetchAs('bob', cid, '--from', ALICE, '-o', path);
    expect(await resultsOf(bob)).toEqual([path]);
    expect(await readFile(path)).toEqual(bytes);
    expect(filesIn(bob.folder)).toEqual([]);
  });

  test('-o with a relative path prints the absolute one', async () => {
    const { cid } = await served();
    const bob = fetchAs('bob', cid, '--from', ALICE, '-o', 'out');
    expect(await resultsOf(bob)).toEqual([join(bob.folder, 'out')]);
  });

  test('-o - writes the bytes alone', async () => {
    const { bytes, cid } = await served();
    const bob = fetchAs('bob', '--from', ALICE, '-o', '-', cid);
    expect(await outcomeOf(bob)).toMatchObject({ code: 0 });
    expect(bob.stdoutBytes()).toEqual(bytes);
    expect(filesIn(bob.folder)).toEqual([]);
  });

  test('-o names the file that cannot be written', async () => {
    const { path, cid } = await fileOf(100);
    await publish('bob', path);
    const bob = fetchAs('bob', cid, '-o', join(path, 'out'));
    const { code, stdout, stderr } = await outcomeOf(bob);
    expect({ code, stdout }).toEqual({ code: 10, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^inband: .*${join(path, 'out')}.*\n$`));
  });

  test('writes no file over another', async () => {
    const { bytes, cid } = await served();
    const folder = stage.folder();
    await writeFile(join(folder, `${cid}.png`), 'mine');
    const bob = stage.inband('bob', ['fetch', cid, '--from', ALICE], { cwd: folder });
    const [path = ''] = await resultsOf(bob);
    expect(path).toBe(join(folder, `${cid} (1).png`));
    expect(await readFile(path)).toEqual(bytes);
    expect(await readFile(join(folder, `${cid}.png`), 'utf8')).toBe('mine');
  });

  test('takes a cid with cid: before it', async () => {
    const { cid } = await served();
    const bob = fetchAs('bob', `cid:${cid}`, '--from', ALICE);
    expect(await resultsOf(bob)).toEqual([join(bob.folder, `${cid}.png`)]);
  });

  test('asks the second when the first has not got it', async () => {
    const { cid } = await served();
    await stage.receive('mallory', ['--allow', 'anyone']);
    const from = ['--from', 'mallory@localhost', '--from', ALICE];
    expect(await resultsOf(fetchAs('bob', cid, ...from))).toHaveLength(1);
  });

  test.each([
    ['who has not got it', ALICE, ['  ask another with --from']],
    ['who is not there', 'mallory@localhost', SHUT],
  ])('from one %s ends with 9, and leaves nothing (R1344)', async (_, from, hints) => {
    await stage.receive('alice');
    const bob = fetchAs('bob', NOWHERE, '--from', from);
    const outcome = await outcomeOf(bob);
    expect(outcome).toMatchObject({ code: 9, stdout: '' });
    expect(withoutWaits(outcome.stderr).split('\n').slice(1)).toEqual([
      expect.stringMatching(`^inband: ${from}/inband does not give out ${NOWHERE.slice(0, 8)}`),
      ...hints,
      '',
    ]);
    expect(filesIn(bob.folder)).toEqual([]);
    expect(cachedBy('bob')).toEqual([]);
  });

  test('of what is not in the cache needs to be told whom to ask', async () => {
    const outcome = await outcomeOf(stage.inband('bob', ['fetch', NOWHERE], NO_ACCOUNT));
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toMatch(/^inband: .*\n {2}.*--from <jid>\n$/);
  });
});

describe('the cache', () => {
  test('has a blob that was fetched once: nobody is asked, and no account is needed', async () => {
    const { bytes, cid } = await served();
    await resultsOf(fetchAs('bob', cid, '--from', ALICE));
    const bob = stage.inband('bob', ['fetch', cid], NO_ACCOUNT);
    expect(await resultsOf(bob)).toEqual([join(bob.folder, `${cid}.png`)]);
    expect(await readFile(join(bob.folder, `${cid}.png`))).toEqual(bytes);
    expect(bob.stderr()).toContain(' from the cache (');
    expect(bob.stderr()).not.toMatch(/online/);
  });

  test('is passed by with --no-cache', async () => {
    const { bytes, cid } = await fileOf(100);
    let requests = 0;
    const jid = await peerThat(() => {
      requests += 1;
      return blobElement(cid, bytes);
    });
    await resultsOf(fetchAs('bob', cid, '--from', jid));
    await resultsOf(fetchAs('bob', cid, '--from', jid));
    expect(requests).toBe(1);
    await resultsOf(fetchAs('bob', cid, '--from', jid, '--no-cache'));
    expect(requests).toBe(2);
  });

  test('is not for others: what was only fetched is not given out (R55)', async () => {
    const { cid } = await served();
    await resultsOf(fetchAs('bob', cid, '--from', ALICE));
    expect(cachedBy('bob')).toHaveLength(1);
    await stage.receive('bob', ['--allow', 'anyone']);
    const mallory = fetchAs('mallory', cid, '--from', 'bob@localhost');
    expect(await outcomeOf(mallory)).toMatchObject({ code: 9, stdout: '' });
  });

  test('keeps nothing whose max-age is 0, whoever sent it', async () => {
    const { bytes, cid } = await fileOf(100);
    const jid = await peerThat(() => blobElement(cid, bytes, { 'max-age': 0 }));
    await resultsOf(fetchAs('bob', cid, '--from', jid));
    expect(cachedBy('bob')).toEqual([]);
  });
});

describe('the cache command', () => {
  test('lists what was published and what was fetched', async () => {
    const { path, cid } = await fileOf(100);
    await publish('bob', path);
    const fetched = await served();
    await resultsOf(fetchAs('bob', fetched.cid, '--from', ALICE));
    const list = await resultsOf(stage.inband('bob', ['cache', 'list'], NO_ACCOUNT));
    expect(list.map((line) => line.split('\t').slice(0, 4))).toEqual([
      [cid, 'published', 'image/png', '100'],
      [fetched.cid, 'fetched', 'image/png', '3000'],
    ]);
  });

  test('removes a blob, which is not given out any more', async () => {
    const { cid } = await served();
    expect(await resultsOf(stage.inband('alice', ['cache', 'remove', cid], NO_ACCOUNT))).toEqual(
      [],
    );
    expect(await outcomeOf(fetchAs('bob', cid, '--from', ALICE))).toMatchObject({ code: 9 });
    const again = await outcomeOf(stage.inband('alice', ['cache', 'remove', cid], NO_ACCOUNT));
    expect(again).toMatchObject({ code: 9, stdout: '' });
  });
});

describe('a peer that', () => {
  const wrong = randomBytes(100);
  const cid = cidOf(randomBytes(100));

  test.each<[string, number, IqHandler]>([
    ['sends other bytes', 8, () => blobElement(cid, wrong)],
    ['sends another blob, under its own cid', 8, () => blobElement(cidOf(wrong), wrong)],
    ['sends nothing', 9, () => undefined],
    ['sends no base64', 9, () => xml('data', { xmlns: NS_BOB, cid }, '!')],
    ['sends too much', 9, () => blobElement(cid, randomBytes(65_537))],
    [
      'fails',
      9,
      () => {
        throw new StanzaError('wait', 'internal-server-error');
      },
    ],
  ])('%s is not believed', async (_, code, answers) => {
    const jid = await peerThat(answers);
    const bob = fetchAs('bob', cid, '--from', jid);
    const outcome = await outcomeOf(bob);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toMatch(/^online as [^\n]*\ninband: [^\n]*\n {2}[^\n]*\n$/);
    expect(filesIn(bob.folder)).toEqual([]);
    expect(cachedBy('bob')).toEqual([]);
  });

  test('has a cid without a hash gets its word taken, with a warning, and not into the cache', async () => {
    const jid = await peerThat(() => blobElement('x@bob.xmpp.org', wrong));
    const bob = fetchAs('bob', 'x@bob.xmpp.org', '--from', jid);
    expect(await resultsOf(bob)).toEqual([join(bob.folder, 'x@bob.xmpp.org.png')]);
    expect(bob.stderr()).toMatch(/^warning: .*no hash/m);
    expect(cachedBy('bob')).toEqual([]);
  });
});
