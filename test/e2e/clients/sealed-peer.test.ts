import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startPeer } from '../../support/programs/peers.js';
import type { Running } from '../../support/programs/process.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';
import { eventsOf, filesIn, outcomeOf, prepareStageOn, sha256 } from '../stage.js';

const PEER = 'alice@localhost/peer';
const INBAND = 'bob@localhost/inband';
const REQUIRE = ['--json', '--encrypt', 'require'];

const FILES = {
  'whole.bin': randomBytes(40_000),
  'empty.bin': Buffer.alloc(0),
  'late.bin': randomBytes(20_000),
  'long.txt': Buffer.from('Parting is such sweet sorrow. '.repeat(3_000)),
  'cut.bin': randomBytes(80_000),
};
type Name = keyof typeof FILES;
const NAMES = Object.keys(FILES) as Name[];
const hashOf = (name: Name) => sha256(FILES[name]);

const SERVERS: [string, () => Promise<TestServer>][] = [
  ['Prosody', startProsody],
  ['ejabberd', startEjabberd],
];

/** What stands behind a word, of all lines that begin with it. */
const saidBy = (peer: Running, word: string): string[] =>
  [...peer.stdout().matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);

const eventsBy = (inband: Running, name: string) =>
  eventsOf(inband.stdout()).filter(({ event }) => event === name);

// test/support/setup.js puts it in place on Debian, and says elsewhere that it is left out.
const describeIfThere = HAS_PEERS ? describe : describe.skip;
describeIfThere.each(SERVERS)('a program written from docs/seal.md, on %s,', (_, start) => {
  const stage = prepareStageOn(start);
  const startAlice = (...args: string[]) =>
    startPeer('sealed_peer.py', args, stage.server, 'alice');

  async function pathOf(name: Name): Promise<string> {
    const path = join(stage.folder(), name);
    await writeFile(path, FILES[name]);
    return path;
  }

  async function receiver(...args: string[]): Promise<Running> {
    const alice = startAlice('receive', ...args);
    await alice.line(/^ready$/);
    return alice;
  }

  test('sends to receive: in whole, deflated, with a hash behind, from an offset (R490)', async () => {
    const hows = ['whole', 'whole', 'late', 'deflated', 'cut'];
    const paths = await Promise.all(NAMES.map(pathOf));
    const bob = await stage.receive('bob', REQUIRE);
    const files = paths.map((path, at) => `${hows[at]}:${path}`);
    const alice = startAlice('send', INBAND, ...files, `again:${paths[0]}`);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    const verdicts = [...NAMES, 'whole.bin' as const].map((name) => `received ${hashOf(name)}`);
    expect(saidBy(alice, 'said')).toEqual(verdicts);
    await bob.line(/"event":"already-there"/);
    const whole = FILES['whole.bin'].length;
    const offsets = saidBy(alice, 'offset').map(Number);
    expect(offsets).toEqual([0, 0, 0, 0, 0, expect.any(Number), whole]);
    expect(offsets[5]).toBeGreaterThan(0);
    const [peerKey] = saidBy(alice, 'key');
    expect(eventsBy(bob, 'done')).toMatchObject(
      NAMES.map((name) => ({ name, sha256: hashOf(name), encrypted: true, peerKey })),
    );
  });

  test('receives from send: in whole, deflated, from an offset (R491)', async () => {
    const names = NAMES.filter((name) => name !== 'late.bin');
    const alice = await receiver(stage.folder(), 'whole', 'whole', 'whole', 'cut', 'whole');
    const paths = await Promise.all(names.map(pathOf));
    const [key = ''] = saidBy(alice, 'key');
    const bob = stage.inband('bob', ['send', ...REQUIRE, '--to-key', key, ...paths, PEER]);
    expect(await outcomeOf(bob)).toMatchObject({ code: 0 });
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    const took = saidBy(alice, 'took').map((line) => line.split(' '));
    expect(took.map(([name, , hash]) => [name, hash])).toEqual(
      names.map((name) => [name, hashOf(name)]),
    );
    expect(took.map(([, kinds]) => kinds?.includes('10'))).toEqual([false, false, true, false]);
    expect(Number(saidBy(alice, 'offset').at(-1))).toBeGreaterThan(0);
    expect(eventsBy(bob, 'done')).toMatchObject(
      names.map((name) => ({ name, encrypted: true, peerKey: key })),
    );
  });

  test('receives what send does not know the hash of before (R492)', async () => {
    const alice = await receiver(stage.folder(), 'whole');
    const stdin = FILES['late.bin'];
    const bob = stage.inband('bob', ['send', ...REQUIRE, '-', PEER], { stdin });
    expect(await outcomeOf(bob)).toMatchObject({ code: 0 });
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    expect(saidBy(alice, 'took')).toEqual([`stdin 00,01,02 ${hashOf('late.bin')}`]);
  });

  test('hears that what it altered is no file, and neither is one with another hash (R493)', async () => {
    const bob = await stage.receive('bob', REQUIRE);
    const path = await pathOf('whole.bin');
    const alice = startAlice('send', INBAND, `altered:${path}`, `other:${path}`);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    expect(saidBy(alice, 'said')).toEqual(['failed security-error', 'failed media-error']);
    expect(saidBy(alice, 'ended')).toEqual(['cancel', 'cancel']);
    await bob.line(/"event":"failed".*"exitCode":8/);
    expect(eventsBy(bob, 'failed')).toMatchObject([{ exitCode: 7 }, { exitCode: 8 }]);
    expect(filesIn(bob.folder)).not.toContain('whole.bin');
  });

  test('is not believed by send to have what it has not (R494)', async () => {
    const alice = await receiver(stage.folder(), 'wrong', 'failed');
    for (const name of ['whole.bin', 'late.bin'] as const) {
      const bob = stage.inband('bob', ['send', ...REQUIRE, await pathOf(name), PEER]);
      expect(await outcomeOf(bob)).toMatchObject({ code: 8 });
    }
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    expect(saidBy(alice, 'ended')).toEqual(['cancel', 'cancel']);
  });
});
