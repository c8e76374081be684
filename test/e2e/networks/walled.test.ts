import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { dnsServer } from '../../session/dns-server.js';
import {
  HAS_WALLS,
  startWalledNetwork,
  type WalledNetwork,
} from '../../support/networks/walled-network.js';
import { watchNetwork } from '../../support/programs/network-use.js';
import { type Running, start as startProgram } from '../../support/programs/process.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import type { ServerOptions, TestServer } from '../../support/servers/server.js';
import {
  hashOfFile,
  outcomeOf,
  pastCheckpoint,
  prepareStageOn,
  resultsOf,
  withoutWaits,
  writeRandom,
} from '../stage.js';

const BOB = 'bob@localhost';
/** That of the account's domain, which the certificate names, and another one. */
const HOSTS = ['localhost', 'web.example'];

const SERVERS = [
  // Prosody does not hear a client any more that resumes its session behind a message that was read in part; this lets it
  // read all there is.
  [
    'Prosody',
    (options: ServerOptions) =>
      startProsody({ ...options, config: 'network_default_read_size = 1048576' }),
    'localhost',
  ],
  // Prosody speaks no TLS under a name that it has no certificate for.
  ['ejabberd', startEjabberd, 'web.example'],
] as const;

/** A server outside, at ports that DNS names and at that of HTTPS, and Alice, who is within. */
function behindWall(start: (options: ServerOptions) => Promise<TestServer>, hostMeta: string) {
  let network: WalledNetwork;
  let dns: Awaited<ReturnType<typeof dnsServer>>;
  const stage = prepareStageOn(async () => {
    network = await startWalledNetwork(...HOSTS);
    const { host } = network;
    dns = await dnsServer({ host, port: 53 });
    const server = await start({ host, webSocket: true, hostMeta, httpsPort: 443 });
    const at = (service: string) => ({
      ...{ name: 'localhost', priority: 0, weight: 0, port: Number(new URL(service).port) },
    });
    dns.zone = {
      '_xmpps-client._tcp.localhost': [at(server.directTlsService)],
      '_xmpp-client._tcp.localhost': [at(server.service)],
    };
    return server;
  });
  afterAll(async () => {
    await dns.close();
    await network.stop();
  });
  /** Alice knows nothing but her account. */
  const alice = (...args: string[]) =>
    stage.inband('alice', args, { env: { INBAND_SERVICE: undefined }, within: network.within });
  const told = `connected by WebSocket to ${hostMeta} port 443, which the domain's host-meta names, as nothing else got through\n`;
  return { stage, alice, told, network: () => network, dns: () => dns };
}

type BehindWall = ReturnType<typeof behindWall>;

async function film(stage: BehindWall['stage'], bytes: number) {
  const path = join(stage.folder(), 'film.mkv');
  return { path, hash: await writeRandom(path, bytes) };
}

/** Sends a file to Bob, who is outside and online by TCP; what is said of it. */
async function arrives({ stage, alice }: BehindWall, ...more: string[]): Promise<string> {
  const { path, hash } = await film(stage, 200_000);
  const bob = await stage.receive('bob', ['--once']);
  const sent = await outcomeOf(alice('send', ...more, path, BOB));
  expect(sent).toMatchObject({ code: 0 });
  const [file = ''] = await resultsOf(bob);
  expect(await hashOfFile(file)).toBe(hash);
  return withoutWaits(sent.stderr);
}

/** What is within has the loopback of that network. */
async function startMicrosocksWithin({ within }: WalledNetwork): Promise<Running> {
  const [command = '', ...args] = within;
  const running = startProgram(command, [...args, 'microsocks', '-i', '127.0.0.1', '-p', '1080']);
  const ports = () => promisify(execFile)(command, [...args, 'ss', '-Hltn']);
  while (!(await ports()).stdout.includes('127.0.0.1:1080')) await setImmediate();
  return running;
}

(HAS_WALLS ? describe : describe.skip)('where nothing but HTTPS gets out', () => {
  const all = SERVERS.map(
    ([name, start, hostMeta]) => [name, behindWall(start, hostMeta)] as const,
  );

  test.each(all)(
    'of %s, a file goes by TCP as long as that does (R1133)',
    async (_name, behind) => {
      expect(await arrives(behind, '--verbose')).not.toContain('WebSocket');
      expect(behind.dns().asked.length).toBeGreaterThan(0);
    },
  );

  test.each(all)('of %s, a file goes where all else is refused (R1133)', async (_name, behind) => {
    const { stage, alice, told, network } = behind;
    await network().build('refuses');
    // It is the wall, and not the server, by which nothing goes there.
    const direct = alice('probe', '--service', stage.server.service, BOB);
    expect(await outcomeOf(direct)).toMatchObject({ code: 4 });
    expect(await arrives(behind)).toContain(told);
  });

  test.each(all.slice(0, 1))('of %s, a file goes by a proxy there (R1133)', async (_, behind) => {
    const { stage, told, network } = behind;
    await network().build('refuses');
    const proxy = await startMicrosocksWithin(network());
    try {
      const { path, hash } = await film(stage, 200_000);
      const bob = await stage.receive('bob', ['--once']);
      const { env, used } = watchNetwork(stage.folder());
      const sending = stage.inband(
        'alice',
        ['send', '--proxy', 'socks5://127.0.0.1:1080', path, BOB],
        {
          env: { ...env, INBAND_SERVICE: undefined },
          within: network().within,
        },
      );
      const sent = await outcomeOf(sending);
      expect(sent).toMatchObject({ code: 0, stderr: expect.stringContaining(told) });
      const [file = ''] = await resultsOf(bob);
      expect(await hashOfFile(file)).toBe(hash);
      expect(used()).toEqual(['connect 127.0.0.1 1080']);
    } finally {
      await proxy.stop();
    }
  });

  /** Sends a film in a session that is cut once; what was said, and how often DNS was asked behind the cut. */
  async function throughCut({ stage, alice, network, dns }: BehindWall) {
    const { path, hash } = await film(stage, 2_000_000);
    const bob = await stage.receive('bob', ['--once']);
    const sending = alice('send', '--verbose', '--limit-rate', '500k', path, BOB);
    await pastCheckpoint(bob.folder);
    const before = dns().asked.length;
    await network().cut();
    const sent = await outcomeOf(sending);
    expect(sent).toMatchObject({ code: 0 });
    const [file = ''] = await resultsOf(bob);
    expect(await hashOfFile(file)).toBe(hash);
    return { stderr: sent.stderr, asked: dns().asked.length - before };
  }

  test.each(all)('of %s, a session goes back by the WebSocket (R1130)', async (_name, behind) => {
    await behind.network().build('refuses');
    for (let tries = 1; ; tries += 1) {
      const { stderr, asked } = await throughCut(behind);
      expect(stderr).toContain('connection lost, resuming\n');
      // A busy server may lose the session; see `web-socket`.
      if (tries < 4 && stderr.includes('; trying again')) continue;
      expect(stderr.split(behind.told)).toHaveLength(2);
      expect(asked).toBe(0);
      return;
    }
  });

  test('a file goes where nothing is heard of all else (R1133)', async () => {
    const outcomes = all.map(async ([, behind]) => {
      await behind.network().build('drops');
      return (await arrives(behind)).includes(behind.told);
    });
    expect(await Promise.all(outcomes)).toEqual([true, true]);
  });
});
