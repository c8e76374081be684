import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startPeer } from '../../support/programs/peers.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';
import { eventsOf, outcomeOf, prepareStageOn, writeRandom } from '../stage.js';

const PROGRAMS: { name: string; start(): Promise<TestServer> }[] = [
  { name: 'Prosody', start: () => startProsody({ uploads: { maxSize: 1_000_000 } }) },
  { name: 'ejabberd', start: () => startEjabberd({ uploads: { maxSize: 1_000_000 } }) },
];

const installed = PROGRAMS.filter(({ name }) => HAS_PEERS || name === 'Prosody');

describe.each(installed)('send --via http on $name', ({ start }) => {
  const stage = prepareStageOn(start);

  async function letter(bytes = 100_000) {
    const path = join(stage.folder(), 'très cool photo.bin');
    return { path, hash: await writeRandom(path, bytes) };
  }

  if (HAS_PEERS) {
    test('leaves a file for one who is away, who gets it later with another client (R731)', async () => {
      const { path, hash } = await letter();
      const args = ['send', '--via', 'auto,http', '--message', 'here it is', path, 'bob@localhost'];
      const { code, stderr } = await outcomeOf(stage.inband('alice', args));
      expect(code).toBe(0);
      expect(stderr).toContain('not encrypted: servers will be able to read it');
      expect(stderr).toMatch(
        /left for bob@localhost \(a link, as long as the server keeps it\), not verified: très cool photo\.bin/,
      );
      expect(stderr).not.toMatch(/^sent /m);
      const bob = startPeer('slixmpp_peer.py', ['link-await'], stage.server, 'bob');
      await bob.line(/^text here it is$/);
      expect((await bob.line(/^done (.*)/))[1]).toBe(hash);
      await bob.exited;
    });
  }

  test('is named where nobody is there, and waiting for them (R1285)', async () => {
    const { path } = await letter();
    const lastLine = async (...flags: string[]) => {
      const args = ['send', ...flags, path, 'bob@localhost'];
      const { code, stderr } = await outcomeOf(stage.inband('alice', args));
      expect(code).toBe(5);
      return stderr.split('\n').at(-2);
    };
    const leave = 'leaves it on your server, not encrypted, with a link';
    const wait = '  --wait-online 3h waits until somebody there takes it';
    expect(await lastLine()).toBe(`${wait}; --via auto,http ${leave}`);
    expect(await lastLine('--encrypt', 'require')).toBe(wait);
    const instead = `  --via auto,http in place of --wait-online ${leave}`;
    expect(await lastLine('--wait-online', '1s')).toBe(instead);
  }, 60_000);

  test('with --quiet says nothing, and with --json where it lies (R731)', async () => {
    const { path, hash } = await letter();
    const args = ['send', '--via', 'http', '--quiet', '--json', path, 'bob@localhost'];
    const { code, stdout, stderr } = await outcomeOf(stage.inband('alice', args));
    expect([code, stderr]).toEqual([0, '']);
    expect(eventsOf(stdout).find(({ event }) => event === 'left')).toMatchObject({
      ...{ peer: 'bob@localhost', sha256: hash, url: expect.stringMatching(/^https:/) },
    });
  });

  test('sends to one who is there, and leaves nothing (R731)', async () => {
    const { path } = await letter();
    await stage.receive('bob');
    const args = ['send', '--via', 'auto,http', path, 'bob@localhost'];
    const { code, stderr } = await outcomeOf(stage.inband('alice', args));
    expect(code).toBe(0);
    expect(stderr).toMatch(/^sent /m);
    expect(stderr).not.toContain('left');
  });

  test('leaves nothing in the clear for one whose key is known, unless told to, and says so once nobody takes it (R731, R1076, R1341)', async () => {
    const { path } = await letter();
    const bob = await stage.receive('bob');
    const send = (...flags: string[]) =>
      outcomeOf(stage.inband('alice', ['send', ...flags, path, 'bob@localhost']));
    expect((await send()).code).toBe(0);
    const why =
      'what is left on a server with a link is not encrypted, and bob@localhost has a key';
    const there = await send('--via', 'auto,http', '--again');
    expect([there.code, there.stderr]).toEqual([0, expect.not.stringContaining(why)]);
    await bob.stop();
    const before = `bob@localhost gets it only when somebody is there to take it: ${why} (--encrypt off leaves it)\n`;
    const { code, stderr } = await send('--via', 'auto,http', '--again', '--verbose');
    expect(code).toBe(11);
    expect(stderr).toContain(before);
    const off = '  --encrypt off leaves it there in the clear\n';
    const wait = '  --wait-online 3h, with no http in --via, waits until somebody there takes it\n';
    const nobody = `nobody at bob@localhost takes it now, and ${why}\n${wait}${off}`;
    expect(stderr).toContain(nobody);
    const alone = await send('--via', 'http', '--again');
    expect([alone.code, alone.stderr]).toEqual([11, expect.not.stringContaining('nobody')]);
    expect(alone.stderr).toContain(
      `${why}\n  --via auto sends it, encrypted, to somebody who is there\n${off}`,
    );
    expect((await send('--via', 'auto,http', '--encrypt', 'off')).code).toBe(0);
  });

  test('has left nothing for an address that nobody has (R731)', async () => {
    const { path } = await letter();
    const args = ['send', '--via', 'http', path, 'nobody@localhost'];
    const { code, stderr } = await outcomeOf(stage.inband('alice', args));
    expect(code).toBe(5);
    expect(stderr).toContain('the message with the link came back from nobody@localhost');
    expect(stderr).toMatch(/^ {2}the file lies there all the same: https:/m);
    expect(stderr).not.toContain('left for nobody');
  });

  test('has left nothing for an address of a server that is nowhere (R1171)', async () => {
    const { path } = await letter();
    for (const via of ['auto,http', 'http']) {
      const args = ['send', '--via', via, path, 'bob@nowhere.invalid'];
      const { code, stderr } = await outcomeOf(stage.inband('alice', args));
      expect([via, code]).toEqual([via, 5]);
      expect(stderr).toMatch(
        via === 'http'
          ? /the message with the link came back from bob@nowhere\.invalid/
          : /your server cannot reach nowhere\.invalid/,
      );
      expect(stderr).toContain('  is the address right?\n');
      expect(stderr).not.toContain('left for bob');
    }
  });

  test('says what is wrong with flags that go against each other (R731)', async () => {
    const path = join(stage.folder(), 'letter');
    writeFileSync(path, 'x');
    for (const flags of [
      ['--via', 'http,jingle'],
      ['--via', 'auto,http', '--wait-online', '3h'],
      ['--message', 'hello'],
    ]) {
      const args = ['send', ...flags, path, 'bob@localhost'];
      const { code, stderr } = await outcomeOf(stage.inband('alice', args));
      expect(code).toBe(2);
      expect(stderr).not.toContain('online as');
    }
  });
});
