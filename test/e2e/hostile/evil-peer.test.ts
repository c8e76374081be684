import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startPeer } from '../../support/programs/peers.js';
import type { Running } from '../../support/programs/process.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';
import {
  type Actor,
  eventsOf,
  filesIn,
  firstResults,
  outcomeOf,
  prepareStageOn,
  resultsOf,
} from '../stage.js';

const PEER = 'alice@localhost/peer';
const INBAND = 'bob@localhost/inband';
const NAME = 'a-letter.bin';
const LETTER = randomBytes(60_000);

const SERVERS: [string, () => Promise<TestServer>][] = [
  ['Prosody', startProsody],
  ['ejabberd', startEjabberd],
];

/** What stands behind a word, of all lines that begin with it. */
const saidBy = (peer: Running, word: string): string[] =>
  [...peer.stdout().matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);

/** What was told of transfers. */
const toldBy = (inband: Running): unknown[] =>
  eventsOf(inband.stdout())
    .map(({ event }) => event)
    .filter((event) => event !== 'state');

// test/support/setup.js puts it in place on Debian, and says elsewhere that it is left out.
const describeIfThere = HAS_PEERS ? describe : describe.skip;
describeIfThere.each(SERVERS)('a peer that breaks the rules of the seal, on %s,', (_, start) => {
  const stage = prepareStageOn(start);
  const evil = (...args: string[]) => startPeer('evil_peer.py', args, stage.server, 'alice');

  async function letter(): Promise<string> {
    const path = join(stage.folder(), NAME);
    await writeFile(path, LETTER);
    return path;
  }

  /** Receives, and would run a program for each file. */
  async function receiver(): Promise<Actor & { hasRun(): boolean }> {
    const ran = stage.folder();
    const program = join(stage.folder(), 'run');
    await writeFile(program, `#!/bin/sh\ntouch '${ran}/it'\n`);
    await chmod(program, 0o755);
    const bob = await stage.receive('bob', ['--json', '--exec', program]);
    return { ...bob, hasRun: () => filesIn(ran).length > 0 };
  }

  test.each(['repeated', 'swapped', 'dropped', 'shortened', 'behind', 'closed'])(
    'brings nothing by messages that are %s, and hears that in one word (R653)',
    async (how) => {
      const bob = await receiver();
      const alice = evil('send', INBAND, `${how}:${await letter()}`);
      expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
      // What ends early may have been cut by anybody, and is gone on with.
      const word = how === 'closed' ? 'failed-transport' : 'security-error';
      expect(saidBy(alice, 'said')).toEqual([`failed ${word}`]);
      expect(saidBy(alice, 'ended')).toEqual(['cancel']);
      // Where nothing of it could be opened, nobody is told of it.
      if (how !== 'swapped') await bob.line(/"event":"failed".*"exitCode":7/);
      await bob.stop();
      expect([filesIn(bob.folder).includes(NAME), bob.hasRun()]).toEqual([false, false]);
    },
  );

  test('brings nothing by a success in the middle (R653)', async () => {
    const bob = await receiver();
    const alice = evil('send', INBAND, `over:${await letter()}`);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    await bob.line(/"event":"failed".*"exitCode":7/);
    expect([filesIn(bob.folder).includes(NAME), bob.hasRun()]).toEqual([false, false]);
  });

  test('does nothing by a first message that comes again (R654)', async () => {
    const bob = await receiver();
    const alice = evil('send', INBAND, `replayed:${await letter()}`);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    expect(saidBy(alice, 'ended')).toEqual(['success', 'security-error', 'cancel']);
    await bob.stop();
    const ofFirst = ['start', 'progress', 'done'];
    expect(toldBy(bob).filter((event) => !ofFirst.includes(String(event)))).toEqual([]);
    expect(toldBy(bob).filter((event) => event === 'done')).toHaveLength(1);
    expect(filesIn(bob.folder)).toEqual([NAME]);
  });

  test('does nothing by a first message that the stolen key of its recipient has made (R654)', async () => {
    const bob = await receiver();
    const [secret = ''] = await resultsOf(stage.inband('bob', ['key', 'export']));
    const [key = ''] = await resultsOf(stage.inband('alice', ['key']));
    const file = `${key.split('\t').at(-1)}:${await letter()}`;
    const alice = evil('forge', INBAND, secret.replace('INBAND-SECRET-KEY-', ''), file);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    expect(saidBy(alice, 'ended')).toEqual(['cancel']);
    await bob.stop();
    expect(toldBy(bob)).toEqual([]);
    expect([filesIn(bob.folder), bob.hasRun()]).toEqual([[], false]);
    expect(await resultsOf(stage.inband('bob', ['trust', 'list']))).toEqual([]);
  });

  test('learns nothing by an offer in the clear of what came sealed (R652)', async () => {
    const bob = await stage.receive('bob');
    const path = await letter();
    const sent = stage.inband('alice', ['send', '--encrypt', 'require', path, 'bob@localhost']);
    expect(await outcomeOf(sent)).toMatchObject({ code: 0 });
    await firstResults(bob, 1);
    const alice = evil('send', INBAND, `plain:${path}`);
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    expect([saidBy(alice, 'offset'), saidBy(alice, 'there')]).toEqual([['0'], ['0']]);
  });

  test.each([
    ['unsealed', 7, []],
    ['garbled', 7, []],
    ['refused', 11, []],
    ['received', 7, ['60000']],
    ['success', 7, ['60000']],
    ['altered', 7, ['60000']],
  ])('has nothing by an answer or a verdict that is %s (R653)', async (how, code, came) => {
    const alice = evil('receive', how);
    await alice.line(/^ready$/);
    const bob = stage.inband('bob', ['send', '--retry-for', '0', await letter(), PEER]);
    const outcome = await outcomeOf(bob);
    expect(outcome.stdout).toBe('');
    expect(outcome).toMatchObject({ code });
    expect(saidBy(alice, 'came')).toEqual(came);
  });
});
