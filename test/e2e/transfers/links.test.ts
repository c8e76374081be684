import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { xml } from '../../../src/session/xml.js';
import { appears, changesUntil } from '../../support/files.js';
import { start as startProgram } from '../../support/programs/process.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer, type UploadLimits } from '../../support/servers/server.js';
import { firstResults, hashOfFile, outcomeOf, prepareStageOn, writeRandom } from '../stage.js';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.js';

const MAX_SIZE = 6_000_000;

const PROGRAMS: {
  name: string;
  takesEmpty: boolean;
  start(uploads: UploadLimits): Promise<TestServer>;
}[] = [
  {
    name: 'Prosody',
    takesEmpty: true,
    start: (uploads) => startProsody({ uploads, archive: true }),
  },
  {
    name: 'ejabberd',
    takesEmpty: false,
    start: (uploads) => startEjabberd({ uploads, archive: true }),
  },
];

const installed = PROGRAMS.filter(({ name }) => HAS_PEERS || name === 'Prosody');

describe.each(installed)('receive --links on $name', ({ start, takesEmpty }) => {
  let proxy: CuttingProxy | undefined;
  const stage = prepareStageOn(async () => {
    proxy = await startCuttingProxy();
    const server = await start({ maxSize: MAX_SIZE, publicPort: proxy.port });
    proxy.target = server.httpsPort;
    return server;
  });
  let phone: Session | undefined;
  beforeAll(async () => {
    const { service, ca } = stage.server;
    const { jid, password } = stage.server.account('bob');
    phone = await connect({ account: `${jid}/phone`, password, service, ca });
    // ejabberd copies to others only what somebody gets; without it links are found a minute later.
    await phone.send(xml('presence'));
  });
  afterAll(async () => {
    await phone?.close();
    proxy?.close();
  });

  const receiving = (who = 'alice@localhost', ...flags: string[]) => {
    const host = `localhost:${proxy?.port}`;
    return stage.receive('bob', ['--links', who, '--links-host', host, ...flags]);
  };

  const leave = async (...paths: string[]) => {
    const args = ['send', '--via', 'http', ...paths, 'bob@localhost'];
    expect(await outcomeOf(stage.inband('alice', args))).toMatchObject({ code: 0 });
  };

  test('fetches files of any size, by the names that they have (R935)', async () => {
    const bob = await receiving();
    const sizes = new Map([
      ['one', 1],
      ['4096', 4096],
      ['très cool photo.bin', 300_000],
      ['five', 5_000_000],
    ]);
    if (takesEmpty) sizes.set('empty', 0);
    const paths: string[] = [];
    for (const [name, size] of sizes) {
      const path = join(stage.folder(), name);
      await writeRandom(path, size);
      paths.push(path);
    }
    await leave(...paths);
    const got = await firstResults(bob, sizes.size);
    expect(got.map((path) => basename(path)).sort()).toEqual([...sizes.keys()].sort());
    for (const path of paths) {
      const same = got.find((one) => basename(one) === basename(path)) as string;
      expect(await hashOfFile(same)).toBe(await hashOfFile(path));
    }
  });

  test('goes on with one that is cut (R935)', async () => {
    const bob = await receiving();
    const path = join(stage.folder(), 'five');
    await writeRandom(path, 5_000_000);
    // The first connection is the upload's.
    proxy?.downCuts.push(Number.POSITIVE_INFINITY, 2_000_000);
    await leave(path);
    await bob.line(/^five of alice@localhost\/.* is fetched again in 10 s$/, 'stderr');
    expect(bob.stderr()).toMatch(/did not arrive: the download from localhost:\d+ was cut off/);
    await bob.line(/^resuming five at (1\.\d|2) MB, with alice@localhost\//, 'stderr');
    const [got] = await firstResults(bob, 1);
    expect(await hashOfFile(got as string)).toBe(await hashOfFile(path));
  });

  test.each([
    ['of those whom --links does not name', () => receiving('mallory@localhost', '--verbose')],
    ['without --links', () => stage.receive('bob', ['--verbose'])],
  ])('fetches nothing %s, though --allow lets them in (R935)', async (_whose, begin) => {
    const bob = await begin();
    const path = join(stage.folder(), 'letter');
    writeFileSync(path, 'x');
    const before = proxy?.connections ?? 0;
    await leave(path);
    const sent = stage.inband('alice', ['send', '--via', 'jingle', path, 'bob@localhost']);
    expect(await outcomeOf(sent)).toMatchObject({ code: 0 });
    expect(await firstResults(bob, 1)).toHaveLength(1);
    expect(proxy?.connections).toBe(before + 1);
    expect(bob.stderr()).not.toContain('did not arrive');
  });

  test('fetches what came while it was away, once (R939)', async () => {
    const dir = stage.folder();
    const first = await receiving('alice@localhost', '--dir', dir);
    await appears(join(dir, '.inband', 'links'));
    const marked = await readFile(join(dir, '.inband', 'links'), 'utf8');
    await first.stop();
    const paths = ['one', 'two'].map((name) => join(stage.folder(), name));
    for (const path of paths) await writeRandom(path, 10_000);
    await leave(...paths);
    const before = proxy?.connections ?? 0;
    const second = await receiving('alice@localhost', '--dir', dir);
    const got = await firstResults(second, 2);
    expect(got.map((path) => basename(path)).sort()).toEqual(['one', 'two']);
    await changesUntil(join(dir, '.inband'), async () => {
      const text = await readFile(join(dir, '.inband', 'links'), 'utf8');
      return text !== marked;
    });
    await second.stop();
    const third = await receiving('alice@localhost', '--dir', dir, '--verbose');
    const path = join(stage.folder(), 'three');
    await writeRandom(path, 10_000);
    await leave(path);
    expect((await firstResults(third, 1)).map((one) => basename(one))).toEqual(['three']);
    // Two downloads; the upload and the download of the third.
    expect(proxy?.connections).toBe(before + 4);
  });

  if (HAS_PEERS) {
    test('fetches what go-sendxmpp leaves (R940)', async () => {
      const bob = await receiving('alice@localhost', '--json');
      const path = join(stage.folder(), 'letter.bin');
      const hash = await writeRandom(path, 100_000);
      const { jid, password } = stage.server.account('alice');
      const at = ['-u', jid, '-p', password, '-j', `localhost:${stage.server.port}`];
      const sender = startProgram('go-sendxmpp', [...at, '-h', path, 'bob@localhost'], {
        env: { ...process.env, SSL_CERT_FILE: stage.server.caPath, HOME: stage.folder() },
      });
      expect(await outcomeOf(sender)).toMatchObject({ code: 0 });
      const [line] = await bob.line(/^\{"event":"done".*/);
      expect(JSON.parse(line)).toMatchObject({ sha256: hash, size: 100_000, unverified: true });
    });
  }
});
