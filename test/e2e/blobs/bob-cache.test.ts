import { readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { contentIdOf } from '../../../src/protocol/bob/content-id.js';
import { blobElement, NS_BOB } from '../../../src/protocol/bob/stanzas.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { filesIn, linesOf, outcomeOf, prepareStage, resultsOf } from '../stage.js';

const ALICE = 'alice@localhost';
const stage = prepareStage();

const sessions: Session[] = [];
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});

const BYTES = Buffer.from('a note');
const CID = contentIdOf(BYTES, 'sha-256');

/** Alice, under this resource, who sends these bytes whatever she is asked for; `asked` counts. */
async function alice(resource: string, bytes: Buffer, maxAge?: number) {
  const { jid, password } = stage.server.account('alice');
  const { service, ca } = stage.server;
  const session = await connect({ account: `${jid}/${resource}`, password, service, ca });
  sessions.push(session);
  const counter = { jid: session.jid, asked: 0 };
  session.handle('get', NS_BOB, 'data', ({ attrs: { cid = '' } }) => {
    counter.asked += 1;
    return blobElement({ cid, type: 'text/plain', bytes, ...(maxAge ? { maxAge } : {}) });
  });
  return counter;
}

const bob = (...args: string[]) => stage.inband('bob', args);

async function publish(text: string): Promise<string> {
  const path = join(stage.folder(), 'note.txt');
  await writeFile(path, text);
  const [cid = ''] = await resultsOf(bob('publish', path));
  return cid;
}

describe('cache', () => {
  test('lists what is published and what was fetched, and marks which is which', async () => {
    const { jid } = await alice('phone', BYTES, 3600);
    const cid = await publish('mine');
    await resultsOf(bob('fetch', CID, '--from', jid));
    const lines = (await resultsOf(bob('cache', 'list'))).map((line) => line.split('\t'));
    expect(lines).toEqual([
      [cid, 'published', 'text/plain', '4', '-', '-'],
      [CID, 'fetched', 'text/plain', '6', expect.stringMatching(/^\d{4}-.*Z$/), jid],
    ]);
    const { stdout } = await outcomeOf(bob('cache', 'list', '--json'));
    expect(linesOf(stdout).map((line) => JSON.parse(line))).toEqual([
      { event: 'blob', cid, type: 'text/plain', size: 4, published: true },
      {
        event: 'blob',
        cid: CID,
        type: 'text/plain',
        size: 6,
        published: false,
        expires: lines[1]?.[4],
        peer: jid,
      },
    ]);
  });

  test('remove takes a published blob back, and needs to find all that it is given', async () => {
    const cid = await publish('mine');
    const other = contentIdOf(Buffer.from('other'), 'sha1');
    const removed = await outcomeOf(bob('cache', 'remove', other, `cid:${cid}`));
    expect(removed).toMatchObject({ code: 9, stdout: '' });
    expect(removed.stderr).toContain(`inband: not there: ${other}\n  inband cache list\n`);
    expect(await resultsOf(bob('cache', 'list'))).toEqual([]);
    await stage.receive('bob');
    const asked = stage.inband('alice', ['fetch', cid, '--from', 'bob@localhost']);
    expect(await outcomeOf(asked)).toMatchObject({ code: 9 });
  });

  test('prune removes what is damaged, and nothing that is whole', async () => {
    const [whole, cut] = [await publish('whole'), await publish('cut')];
    const [path = ''] = filesIn(stage.home('bob')).filter((name) =>
      name.endsWith(/\+(.*)@/.exec(cut)?.[1] ?? '?'),
    );
    await writeFile(join(stage.home('bob'), path), 'c');
    const pruned = await outcomeOf(bob('cache', 'prune'));
    expect(pruned).toMatchObject({ code: 0, stdout: '' });
    expect(pruned.stderr).toBe('removed 1 blob, expired or damaged\n');
    const again = await outcomeOf(bob('cache', 'prune'));
    expect(again.stderr).toBe('nothing was to be removed\n');
    expect((await resultsOf(bob('cache', 'list'))).join()).toContain(whole);
    expect(filesIn(stage.home('bob'))).toHaveLength(2);
  });

  test.each([[['cache']], [['cache', 'remove']], [['cache', 'empty']]])(
    '%j is no use',
    async (args) => {
      expect(await outcomeOf(bob(...args))).toMatchObject({ code: 2, stdout: '' });
    },
  );
});

describe('fetch', () => {
  test('passes by one who sends something else, and believes the next', async () => {
    const liar = await alice('liar', Buffer.from('a lie'));
    const honest = await alice('honest', BYTES);
    const running = bob('fetch', CID, '--from', liar.jid, '--from', honest.jid);
    const [path = ''] = await resultsOf(running);
    expect(await readFile(path)).toEqual(BYTES);
    expect([liar.asked, honest.asked]).toEqual([1, 1]);
    // What nobody else has does not hide it.
    const cid = contentIdOf(Buffer.from('other'), 'sha-256');
    const lied = bob('fetch', cid, '--from', liar.jid, '--from', 'mallory@localhost');
    expect(await outcomeOf(lied)).toMatchObject({ code: 8, stdout: '' });
    expect(filesIn(lied.folder)).toEqual([]);
  });

  test('says that nobody can check a cid without a hash, and keeps nothing of it', async () => {
    const { jid } = await alice('phone', BYTES);
    for (const cid of ['note@example.org', `md5+${'0'.repeat(32)}@bob.xmpp.org`]) {
      const running = bob('fetch', '--json', cid, '--from', jid);
      const events = (await resultsOf(running)).map((line) => JSON.parse(line));
      const [blob] = events.filter(({ event }) => event === 'blob');
      expect(blob).toMatchObject({ cid, unverified: true });
      expect(await readFile(blob.path)).toEqual(BYTES);
      expect(running.stderr()).toMatch(
        /^warning: \S+ has no hash that can be checked: the bytes are what \S+ says$/m,
      );
    }
    expect(filesIn(stage.home('bob'))).toEqual([]);
  });

  test('asks again when its copy is damaged', async () => {
    const honest = await alice('phone', BYTES);
    await resultsOf(bob('fetch', CID, '--from', honest.jid));
    const [data = ''] = filesIn(stage.home('bob')).filter((path) => !path.endsWith('.json'));
    await writeFile(join(stage.home('bob'), data), 'b note');
    for (let count = 0; count < 2; count++) {
      const [path = ''] = await resultsOf(bob('fetch', CID, '--from', honest.jid));
      expect(await readFile(path)).toEqual(BYTES);
    }
    expect(honest.asked).toBe(2);
  });

  test('writes to where a link named by -o points, and to what is no file', async () => {
    const { jid } = await alice('phone', BYTES);
    const folder = stage.folder();
    const [target, link] = [join(folder, 'target'), join(folder, 'link')];
    await writeFile(target, 'old');
    await symlink(target, link);
    await resultsOf(bob('fetch', CID, '--from', jid, '-o', link));
    expect(await readFile(target)).toEqual(BYTES);
    await resultsOf(bob('fetch', CID, '-o', '/dev/null'));
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  test.each(['', 'not a cid', 'x\ny'])('of %j is no use', async (cid) => {
    expect(await outcomeOf(bob('fetch', cid, '--from', ALICE))).toMatchObject({ code: 2 });
  });
});

describe('publish', () => {
  test('stores none of several files when one is not fit for it', async () => {
    const folder = stage.folder();
    const [small, large] = [join(folder, 'small.txt'), join(folder, 'large.txt')];
    await writeFile(small, 'x');
    await writeFile(large, Buffer.alloc(64 * 1024 + 1));
    for (const bad of [large, join(folder, 'absent'), folder]) {
      const outcome = await outcomeOf(bob('publish', small, bad));
      expect(outcome.code).toBe(bad === large || bad === folder ? 2 : 10);
      expect(outcome.stdout).toBe('');
      if (bad === large)
        expect(outcome.stderr).toContain('has more than 65536 bytes, too many for a blob\n  use');
    }
    expect(filesIn(stage.home('bob'))).toEqual([]);
  });

  test('says of a blob that many programs may not take how large it is', async () => {
    const path = join(stage.folder(), 'large.bin');
    await writeFile(path, Buffer.alloc(10_000));
    const { code, stderr } = await outcomeOf(bob('publish', path));
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: \S+large\.bin has 10000 bytes; many programs take blobs up to \d+ only$/m,
    );
  });

  test.each(['-1', '1.5', '1e9', '2147483648', 'NaN'])('takes no --max-age %s', async (age) => {
    const path = join(stage.folder(), 'x');
    await writeFile(path, 'x');
    expect(await outcomeOf(bob('publish', '--max-age', age, path))).toMatchObject({ code: 2 });
  });
});
