import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type Endpoint, webSocketEndpoint } from '../../../src/session/dial/endpoints.js';
import type { LoginTold } from '../../../src/session/given/connect-options.js';
import { openStream } from '../../../src/session/login/open-stream.js';
import { NotAuthorized } from '../../../src/session/login/sasl.js';
import {
  ConnectionFailed,
  ServerNotTrusted,
} from '../../../src/session/stream/connection-errors.js';
import { authenticate, BIND, failure, mechanisms } from '../../support/servers/scripted-server.js';
import {
  ACCOUNT,
  DOMAIN,
  hintsOf,
  honest,
  PASSWORD,
  prepareHostileServers,
  readIdentity,
  streamError,
  trusted,
} from '../hostile-server/hostile-server.js';
import {
  type ScriptedWebSocketServer,
  type WebSocketPeer,
  webSocketServer,
} from '../hostile-server/web-socket-server.js';

prepareHostileServers();

const HOST = '127.0.0.1';
const TIMEOUT_MS = 30_000;

const servers: ScriptedWebSocketServer[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const server of servers.splice(0)) await server.stop();
});

type Script = (peer: WebSocketPeer) => Promise<unknown>;

interface Meeting {
  /** What the certificate names. */
  names?: string[];
  allowPlain?: boolean;
  /** How the host is known; default: from host-meta. */
  known?: Partial<Endpoint>;
}

/** A login at a host that host-meta names, up to what the server offers after it. */
async function meet(script: Script, { names = [HOST], known, ...options }: Meeting = {}) {
  const [first = '', ...others] = names;
  const identity = await readIdentity(trusted.issue(first, ...others));
  const server = await webSocketServer(script, { identity });
  servers.push(server);
  const endpoint = webSocketEndpoint(new URL(`wss://${HOST}:${server.port}/`));
  const logins: LoginTold[] = [];
  const outcome = openStream(
    {
      ...{ account: ACCOUNT, password: PASSWORD, ca: trusted.pem, ...options },
      onLogin: (login) => logins.push(login),
    },
    {
      ...{ timeout: TIMEOUT_MS, signal: new AbortController().signal },
      // It is tried first, as if the session had come by it.
      last: { ...endpoint, fromHostMeta: true, ...known },
    },
    async (stream) => stream.fail(new Error('that is enough')),
  );
  outcome.catch(() => undefined);
  const place = ` (at ${HOST} port ${server.port}, named by the host-meta of ${DOMAIN})`;
  return { server, outcome, logins, place };
}

const offering =
  (...names: string[]): Script =>
  (peer) =>
    peer.header(mechanisms(...names));

/** Takes any password by PLAIN. */
const takingPlain: Script = async (peer) => {
  await offering('PLAIN')(peer);
  await peer.expect(/<auth[^>]*>[^<]*<\/auth>/);
  peer.write("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  await peer.header(BIND);
};

const said = ({ peers }: ScriptedWebSocketServer) => peers.flatMap(({ received }) => received);

const SECRET = 'the server offers no login that keeps the password secret (PLAIN)';

describe('a host that host-meta names, with a certificate for itself alone,', () => {
  test('logs in by SCRAM, and is told of as found last (R1190)', async () => {
    const { server, outcome, logins } = await meet(async (peer) => {
      await authenticate(peer, honest);
      await peer.header(BIND);
    });
    await outcome;
    expect(logins).toMatchObject([
      { host: HOST, port: server.port, isWebSocket: true, isFallback: true },
    ]);
  });

  test('is not shown the password, whatever is allowed (R1190)', async () => {
    const { server, outcome, place } = await meet(takingPlain, { allowPlain: true });
    await expect(outcome).rejects.toThrow(new ServerNotTrusted(`${SECRET}${place}`));
    expect(await hintsOf(outcome)).toEqual([
      `--allow-plain is only for a server whose certificate names ${DOMAIN}`,
    ]);
    expect(said(server).filter((message) => !/^<(open|close) /.test(message))).toEqual([]);
  });

  test('is no reason to allow that (R1191)', async () => {
    const { outcome, place } = await meet(offering('PLAIN'));
    await expect(outcome).rejects.toThrow(new ServerNotTrusted(`${SECRET}${place}`));
    expect(await hintsOf(outcome)).toEqual([]);
  });

  test('is not said to be one to follow elsewhere (R1191)', async () => {
    const uri = 'wss://evil.example/';
    const { outcome, place } = await meet(async (peer) => {
      await peer.header();
      peer.end(` see-other-uri='${uri}'`);
    });
    const why = `the server ended the stream: see-other-host (it says to use ${uri})`;
    await expect(outcome).rejects.toMatchObject({
      message: `the login was cut short (${why})${place}`,
    });
  });
});

describe('a host that host-meta names, with a certificate for the domain,', () => {
  test.each([[[DOMAIN]], [[HOST, DOMAIN]]])(
    'is shown the password where that is allowed: %j (R1190)',
    async (names) => {
      const { outcome, logins } = await meet(takingPlain, { names, allowPlain: true });
      await outcome;
      expect(logins).toMatchObject([{ mechanism: 'PLAIN', isFallback: true }]);
    },
  );
});

test('a host that the user names is shown the password where that is allowed (R1190)', async () => {
  const known = { fromHostMeta: false };
  const { outcome, logins } = await meet(takingPlain, { known, allowPlain: true });
  await outcome;
  expect(logins).toMatchObject([{ mechanism: 'PLAIN', isFallback: false }]);
});

test('a host that the user names is named where it does not go on with the login (R1307)', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  const silent: Script = async (peer) => {
    await peer.header();
    jest.advanceTimersByTime(TIMEOUT_MS);
  };
  const { outcome, server } = await meet(silent, { known: { fromHostMeta: false } });
  const who = `${HOST} port ${server.port}`;
  const message = `not online after 30 s: ${who} does not go on with the login`;
  await expect(outcome).rejects.toThrow(new ConnectionFailed(message));
});

describe('each error at a host that host-meta names says so (R1191):', () => {
  const NS_STREAMS = " xmlns:stream='http://etherx.jabber.org/streams'";
  const ended = 'the login was cut short (the server ended the stream: ';
  const errors: [string, Script, new (message: string) => Error, string][] = [
    [
      'a refused login',
      async (peer) => {
        await offering('SCRAM-SHA-256')(peer);
        await peer.expect(/<\/auth>/);
        peer.write(failure('not-authorized'));
      },
      NotAuthorized,
      `wrong password, or no such account: ${ACCOUNT}`,
    ],
    [
      'a server that proves nothing',
      (peer) => authenticate(peer, { ...honest, spoil: 'signature' }),
      ServerNotTrusted,
      'the server does not know the password that it asked for',
    ],
    [
      'the end of the stream',
      async (peer) => {
        await peer.header();
        peer.write(streamError('policy-violation').replace('>', `${NS_STREAMS}>`));
      },
      ConnectionFailed,
      `${ended}policy-violation)`,
    ],
    [
      'a login that takes too long',
      async (peer) => {
        await peer.header();
        jest.advanceTimersByTime(TIMEOUT_MS);
      },
      ConnectionFailed,
      'not online after 30 s: the server does not go on with the login',
    ],
  ];

  test.each(errors)('%s', async (_what, script, Kind, message) => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const { outcome, place } = await meet(script);
    await expect(outcome).rejects.toMatchObject({ message: `${message}${place}` });
    await expect(outcome).rejects.toBeInstanceOf(Kind);
  });

  test('a certificate that is not trusted', async () => {
    const { outcome, place } = await meet(offering(), { names: ['capulet.example'] });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    const { message } = (await outcome.catch((error: Error) => error as Error)) as Error;
    expect(message).toMatch(/^the server's certificate is not trusted for /);
    expect(message.endsWith(place)).toBe(true);
  });
});
