import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import { xml } from '../../../src/session/xml.js';
import { withIPv6 } from '../../support/networks/ipv6.js';
import {
  type NetworkProxyServer,
  startMicrosocks,
  startTinyproxy,
} from '../../support/programs/network-proxies.js';
import { watchNetwork } from '../../support/programs/network-use.js';
import { eventsOf, hashOfFile, outcomeOf, prepareStage, resultsOf, writeRandom } from '../stage.js';

const stage = prepareStage({ proxy: true, uploads: {} });
const BOB = 'bob@localhost';
const BYTES = 200_000;

/** The server by its name, which only whoever connects to it looks up. */
const service = () => `xmpp://localhost:${stage.server.port}`;

/** A run that goes to the server by its name, and notes what it does on the network. */
function watched() {
  const { env, used } = watchNetwork(stage.folder());
  return { env: { ...env, INBAND_SERVICE: service() }, used };
}

async function film(): Promise<{ path: string; hash: string }> {
  const path = join(stage.folder(), 'film.mkv');
  return { path, hash: await writeRandom(path, BYTES) };
}

/** Alice says where a file lies, to whoever has that resource. */
async function linkTo(to: string, url: string): Promise<void> {
  const { service, ca } = stage.server;
  const { jid, password } = stage.server.account('alice');
  const alice = await connect({ account: jid, password, service, ca });
  const link = xml('x', { xmlns: 'jabber:x:oob' }, xml('url', {}, url));
  await alice.send(xml('message', { to, type: 'chat' }, xml('body', {}, url), link));
  await alice.close();
}

describe.each([
  ['microsocks', startMicrosocks, undefined],
  ['microsocks, with a password', startMicrosocks, ['romeo', 's:e cr@t']],
  ['tinyproxy', startTinyproxy, undefined],
  ['tinyproxy, with a password', startTinyproxy, ['romeo', 'secret']],
] as const)('by %s', (_name, startProxy, user) => {
  let proxy: NetworkProxyServer;
  beforeAll(async () => {
    proxy = await startProxy(user ? { user } : {});
  });
  afterAll(() => proxy.stop());

  test('a file goes to its recipient, and nothing goes by another way (R1000)', async () => {
    const { path, hash } = await film();
    const [alice, bob] = [watched(), watched()];
    const receive = await stage.receive('bob', ['--once', '--proxy', proxy.uri], { env: bob.env });
    const args = ['send', '--json', '--direct', 'contacts', '--proxy', proxy.uri, path, BOB];
    const sent = await outcomeOf(stage.inband('alice', args, { env: alice.env }));
    expect(sent).toMatchObject({ code: 0 });
    const [file = ''] = await resultsOf(receive);
    expect(await hashOfFile(file)).toBe(hash);
    // The proxy of the XMPP server is reached by that of the network.
    expect(eventsOf(sent.stdout)).toContainEqual(
      expect.objectContaining({ event: 'done', lane: 'proxy.localhost' }),
    );
    for (const { used } of [alice, bob]) {
      expect(used()).toEqual([`connect 127.0.0.1 ${proxy.port}`]);
    }
  });

  test('a file is uploaded, and nothing goes by another way (R1000)', async () => {
    const { path } = await film();
    const alice = watched();
    const args = ['upload', '--proxy', proxy.uri, path];
    const [url = ''] = await resultsOf(stage.inband('alice', args, { env: alice.env }));
    expect(url).toMatch(/^https:\/\/localhost:/);
    expect(alice.used()).toEqual([`connect 127.0.0.1 ${proxy.port}`]);
  });

  if (!user) {
    test('a link to a host of --links-host is fetched, and nothing goes by another way (R1103)', async () => {
      const { path, hash } = await film();
      const bob = watched();
      const host = `localhost:${stage.server.httpsPort}`;
      const flags = ['--json', '--links', 'alice@localhost', '--links-host', host];
      const args = [...flags, '--proxy', proxy.uri];
      const receive = await stage.receive('bob', args, { env: bob.env });
      const [url = ''] = await resultsOf(stage.inband('alice', ['upload', path]));
      await linkTo(`${BOB}/inband`, url);
      const [line] = await receive.line(/^\{"event":"done".*/);
      expect(JSON.parse(line)).toMatchObject({ sha256: hash, size: BYTES });
      expect(bob.used()).toEqual([`connect 127.0.0.1 ${proxy.port}`]);
    });
  }

  if (user) {
    test('another password is refused, and is not shown (R1001)', async () => {
      const [name] = user;
      const uri = proxy.uri.replace(/:[^:@]*@/, ':wrong@');
      const args = ['probe', BOB, '--proxy', uri];
      const { code, stderr } = await outcomeOf(stage.inband('alice', args, { env: watched().env }));
      expect(code).toBe(4);
      expect(stderr).toMatch(/\(by the proxy 127\.0\.0\.1 port \d+: (it refuses|it closed)/);
      expect(stderr).not.toMatch(new RegExp(`wrong|${name}`));
    });
  }
});

describe('the environment', () => {
  let proxy: NetworkProxyServer;
  beforeAll(async () => {
    proxy = await startMicrosocks();
  });
  afterAll(() => proxy.stop());

  const probe = async (env: Record<string, string>, ...flags: string[]) => {
    const alice = watched();
    const options = { env: { ...alice.env, ...env } };
    const { code } = await outcomeOf(stage.inband('alice', ['probe', BOB, ...flags], options));
    const used = alice.used();
    const byProxy = used.includes(`connect 127.0.0.1 ${proxy.port}`);
    return { code, byProxy, looksUp: used.some((one) => one.startsWith('lookup ')) };
  };

  test.each([
    ['ALL_PROXY', {}, true],
    ['HTTPS_PROXY', {}, true],
    ['https_proxy', {}, true],
    ['ALL_PROXY', { NO_PROXY: 'example.org, localhost' }, false],
    ['ALL_PROXY', { no_proxy: '*' }, false],
    ['ALL_PROXY', { NO_PROXY: '.example.org' }, true],
  ])('%s with %j is gone by: %s (R1002)', async (name, more, byProxy) => {
    const found = await probe({ [name]: proxy.uri, ...more });
    // Nobody receives there.
    expect(found).toEqual({ code: 5, byProxy, looksUp: !byProxy });
  });

  test('gives way to a flag, whatever it makes an exception of (R1002)', async () => {
    const env = { ALL_PROXY: 'http://127.0.0.1:1', NO_PROXY: '*' };
    expect(await probe(env, '--proxy', proxy.uri)).toMatchObject({ code: 5, byProxy: true });
  });

  test('and a flag show no password in the settings (R1001)', async () => {
    const env = { ALL_PROXY: 'socks5://romeo:secret@127.0.0.1:1080' };
    const { stdout } = await outcomeOf(stage.inband('alice', ['config'], { env }));
    expect(stdout).toMatch(/^proxy +environment +socks5:\/\/…@127\.0\.0\.1:1080$/m);
  });
});

test('no service is looked up where a proxy is to find the server (R1000)', async () => {
  const alice = watched();
  const args = ['probe', BOB, '--proxy', 'socks5://127.0.0.1:1'];
  const env = { ...alice.env, INBAND_SERVICE: undefined };
  const { code, stderr } = await outcomeOf(stage.inband('alice', args, { env }));
  expect(code).toBe(4);
  expect(stderr).toContain(
    'cannot connect to localhost port 5222 (by the proxy 127.0.0.1 port 1: ',
  );
  expect(alice.used()).toEqual(['connect 127.0.0.1 1']);
});

withIPv6('R1003', () => {
  test.each([
    ['microsocks', startMicrosocks],
    ['tinyproxy', startTinyproxy],
  ])('%s is reached at ::1 (R1003)', async (_name, startProxy) => {
    const proxy = await startProxy({ host: '::1' });
    try {
      const { path, hash } = await film();
      const alice = watched();
      const receive = await stage.receive('bob', ['--once']);
      const args = ['send', '--proxy', proxy.uri, path, BOB];
      await resultsOf(stage.inband('alice', args, { env: alice.env }));
      const [file = ''] = await resultsOf(receive);
      expect(await hashOfFile(file)).toBe(hash);
      expect(alice.used()).toEqual([`connect ::1 ${proxy.port}`]);
    } finally {
      await proxy.stop();
    }
  });
});
