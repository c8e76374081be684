import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import {
  eventsOf,
  hashOfFile,
  outcomeOf,
  pastCheckpoint,
  prepareStageOn,
  writeRandom,
} from '../stage.js';

const BOB = 'bob@localhost';
const PROXY = 'proxy.localhost';
const BYTES = 3_000_000;

const SERVERS = [
  ['Prosody', () => startProsody({ proxy: true })],
  ['ejabberd', () => startEjabberd({ proxy: true })],
] as const;

const doneOf = (stdout: string) => eventsOf(stdout).find(({ event }) => event === 'done');

describe.each(SERVERS)('on %s, which has a proxy,', (_name, startServer) => {
  const stage = prepareStageOn(startServer);

  async function film(bytes = BYTES): Promise<{ path: string; hash: string }> {
    const path = join(stage.folder(), 'film.mkv');
    return { path, hash: await writeRandom(path, bytes) };
  }

  const send = (path: string, ...args: string[]) =>
    stage.inband('alice', ['send', '--json', path, ...args]);

  test('a file goes by it between contacts, encrypted, and both are told so (R602)', async () => {
    const { path, hash } = await film();
    const bob = await stage.receive('bob', ['--once', '--json']);
    const sent = await outcomeOf(send(path, BOB));
    expect(sent).toMatchObject({ code: 0 });
    const how = { lane: PROXY, encrypted: true };
    expect(doneOf(sent.stdout)).toMatchObject({ sha256: hash, ...how });
    const came = eventsOf((await outcomeOf(bob)).stdout);
    expect(came).toContainEqual(expect.objectContaining({ event: 'start', ...how }));
    expect(came).toContainEqual(expect.objectContaining({ event: 'done', sha256: hash, ...how }));
  });

  test('a file for which there is no room is refused before it begins (R861)', async () => {
    const { path } = await film();
    await stage.receive('bob', ['--max-size', '1M']);
    const sent = await outcomeOf(send(path, BOB));
    expect(sent).toMatchObject({ code: 6 });
    const told = eventsOf(sent.stdout).map(({ event }) => event);
    expect(told).toContain('failed');
    expect(told).not.toContain('start');
    expect(sent.stdout).toContain('cannot take the file: too large, or the disk is full');
  });

  test('a file is gone on with by it where its recipient was killed (R603)', async () => {
    const { path, hash } = await film();
    const folder = stage.folder();
    const first = await stage.receive('bob', ['--dir', folder, '--json']);
    const alice = send(path, BOB, '--limit-rate', '500k');
    await pastCheckpoint(folder);
    await first.stop('SIGKILL');
    const bob = await stage.receive('bob', ['--dir', folder, '--json']);
    const sent = await outcomeOf(alice);
    expect(sent).toMatchObject({ code: 0 });
    const events = eventsOf(sent.stdout);
    const resumed = events.find(({ event }) => event === 'resumed');
    expect(resumed?.offset).toBeGreaterThan(0);
    expect(doneOf(sent.stdout)).toMatchObject({ sha256: hash, encrypted: true, lane: PROXY });
    const [, arrived = ''] = await bob.line(/"event":"done".*"path":"([^"]*)"/);
    expect(await hashOfFile(arrived)).toBe(hash);
  });

  test('a file goes directly to another machine of the own account, where that has an address (R614)', async () => {
    const { path, hash } = await film();
    const hasAddress = Object.values(networkInterfaces()).some((all) =>
      all?.some(({ internal, address }) => !internal && !address.startsWith('fe80')),
    );
    await stage.receive('alice', ['--dir', stage.folder()]);
    const sent = await outcomeOf(send(path, 'alice@localhost'));
    expect(sent).toMatchObject({ code: 0 });
    const lane = hasAddress ? 'direct' : PROXY;
    expect(doneOf(sent.stdout)).toMatchObject({ sha256: hash, lane, encrypted: true });
    const again = ['--direct', 'never', '--again', path, 'alice@localhost'];
    const hidden = await outcomeOf(stage.inband('alice', ['send', '--json', ...again]));
    expect(doneOf(hidden.stdout)).toMatchObject({ lane: PROXY });
  });

  test('probe tells by what it would go (R607)', async () => {
    await stage.receive('bob');
    const probed = await outcomeOf(stage.inband('alice', ['probe', '-v', BOB]));
    expect(probed.stdout).toMatch(/\tjingle\tnew\tproxy\.localhost\n$/);
    expect(probed.stderr).toContain(
      'by jingle: "inband receive" runs there; encrypted, its bytes go by proxy.localhost, else in-band\n',
    );
    const json = await outcomeOf(stage.inband('alice', ['probe', '--json', BOB]));
    expect(eventsOf(json.stdout)).toContainEqual(expect.objectContaining({ lanes: [PROXY] }));
  });

  test('a small file, and one in the clear, go inside the stream (R604)', async () => {
    await stage.receive('bob');
    const [small, large] = [await film(32_767), await film(32_768)];
    for (const args of [
      [small.path, BOB],
      [large.path, BOB, '--encrypt', 'off'],
      [large.path, BOB, '--transport', 'ibb', '--again'],
    ]) {
      const sent = await outcomeOf(stage.inband('alice', ['send', '--json', ...args]));
      expect(sent).toMatchObject({ code: 0 });
      expect(doneOf(sent.stdout)).not.toHaveProperty('lane');
    }
    const sent = await outcomeOf(send(large.path, BOB, '--again'));
    expect(doneOf(sent.stdout)).toMatchObject({ event: 'done', lane: PROXY });
  });
});

describe('on a server whose proxy nobody can connect to,', () => {
  const nowhere = '127.0.0.9';
  const stage = prepareStageOn(() => startProsody({ proxy: true, proxyAddress: nowhere }));

  test('both hear with --verbose where that was tried, and why, before the file goes in-band (R1287)', async () => {
    const path = join(stage.folder(), 'film.mkv');
    await writeRandom(path, 100_000);
    const bob = await stage.receive('bob', ['--once', '--verbose']);
    const sent = await outcomeOf(stage.inband('alice', ['send', '--verbose', path, BOB]));
    const came = await outcomeOf(bob);
    expect([sent.code, came.code]).toEqual([0, 0]);
    const start = (peer: string) =>
      `^no connection with ${peer}@localhost/\\S+ beside the XMPP stream: `;
    const proxy = `the proxy proxy\\.localhost \\(${nowhere} port \\d+\\)`;
    expect(sent.stderr).toMatch(
      new RegExp(`${start('bob')}they say that they did not reach ${proxy}$`, 'm'),
    );
    expect(came.stderr).toMatch(
      new RegExp(`${start('alice')}${proxy}: nothing listens there`, 'm'),
    );
  });
});
