import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { withIPv6 } from '../../support/networks/ipv6.js';
import { startMicrosocks, startTinyproxy } from '../../support/programs/network-proxies.js';
import { watchNetwork } from '../../support/programs/network-use.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';
import {
  eventsOf,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStageOn,
  resultsOf,
  writeRandom,
} from '../stage.js';

const BOB = 'bob@localhost';
const AT = { host: '::1', proxy: true };
const UPLOADS = { archive: true, uploads: { publicHost: '[::1]' } };

/** ejabberd writes `https://%5B::1%5D:…`, which is no URL, for where files go. */
const SERVERS: [name: string, takesUploads: boolean, start: () => Promise<TestServer>][] = [
  ['Prosody', true, () => startProsody({ ...AT, ...UPLOADS })],
  ...(HAS_PEERS
    ? ([['ejabberd', false, () => startEjabberd(AT)]] as [
        string,
        boolean,
        () => Promise<TestServer>,
      ][])
    : []),
];

withIPv6('R1127', () => {
  describe.each(SERVERS)('on %s at ::1', (_name, takesUploads, startServer) => {
    const stage = prepareStageOn(startServer);

    async function film(): Promise<{ path: string; hash: string }> {
      const path = join(stage.folder(), 'film.mkv');
      return { path, hash: await writeRandom(path, 200_000) };
    }

    test.each([
      ['STARTTLS', 'service'],
      ['TLS from the start', 'directTlsService'],
    ] as const)('a file goes beside the stream, which is by %s (R1127)', async (_how, service) => {
      const { path, hash } = await film();
      const env = { INBAND_SERVICE: stage.server[service] };
      expect(env.INBAND_SERVICE).toContain('://[::1]:');
      const bob = await stage.receive('bob', ['--once'], { env });
      const { env: watching, used } = watchNetwork(stage.folder());
      const alice = { env: { ...env, ...watching } };
      const sent = await outcomeOf(stage.inband('alice', ['send', '--json', path, BOB], alice));
      expect(sent).toMatchObject({ code: 0 });
      const done = eventsOf(sent.stdout).find(({ event }) => event === 'done');
      expect(done).toMatchObject({ sha256: hash, lane: 'proxy.localhost', encrypted: true });
      const [file = ''] = await resultsOf(bob);
      expect(await hashOfFile(file)).toBe(hash);
      const { port, proxyPort } = stage.server;
      const xmpp = new URL(env.INBAND_SERVICE).port;
      expect([port, proxyPort]).not.toContain(0);
      expect(used().sort()).toEqual([`connect ::1 ${proxyPort}`, `connect ::1 ${xmpp}`].sort());
    });

    test.each([
      ['microsocks', startMicrosocks],
      ['tinyproxy', startTinyproxy],
    ])('it is reached by %s there, and its proxy too (R1127)', async (_by, startProxy) => {
      const proxy = await startProxy({ host: '::1' });
      try {
        const { path, hash } = await film();
        const { env, used } = watchNetwork(stage.folder());
        const bob = await stage.receive('bob', ['--once']);
        const args = ['send', '--json', '--proxy', proxy.uri, path, BOB];
        const sent = await outcomeOf(stage.inband('alice', args, { env }));
        const done = eventsOf(sent.stdout).find(({ event }) => event === 'done');
        expect(done).toMatchObject({ lane: 'proxy.localhost' });
        const [file = ''] = await resultsOf(bob);
        expect(await hashOfFile(file)).toBe(hash);
        expect(used()).toEqual([`connect ::1 ${proxy.port}`]);
      } finally {
        await proxy.stop();
      }
    });

    if (takesUploads) {
      test('a file is uploaded there, and fetched by its link (R1127)', async () => {
        const { path, hash } = await film();
        const { httpsPort } = stage.server;
        const [url = ''] = await resultsOf(stage.inband('alice', ['upload', path]));
        expect(url.startsWith(`https://[::1]:${httpsPort}/`)).toBe(true);
        const args = ['--links', 'alice@localhost', '--links-host', `[::1]:${httpsPort}`];
        const bob = await stage.receive('bob', args);
        const left = ['send', '--via', 'http', path, BOB];
        expect(await outcomeOf(stage.inband('alice', left))).toMatchObject({ code: 0 });
        const [file = ''] = await firstResults(bob, 1);
        expect(await hashOfFile(file)).toBe(hash);
      });
    }
  });
});
