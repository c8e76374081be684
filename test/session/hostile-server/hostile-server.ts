import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import type { ConnectOptions } from '../../../src/session/given/connect-options.js';
import { ownHints } from '../../../src/session/hints.js';
import type { Session } from '../../../src/session/session.js';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../support/servers/certificates.js';
import {
  type Identity,
  type Login,
  login,
  type Peer,
  type Script,
  type ScriptedServer,
  scriptedServer,
} from '../../support/servers/scripted-server.js';

// The domain is not the name of the host, so that no check can pass by taking one for the other.
export const DOMAIN = 'montague.example';
export const ACCOUNT = `romeo@${DOMAIN}`;
export const JID = `${ACCOUNT}/orchard`;
export const JULIET = 'juliet@capulet.example/balcony';
export const PASSWORD = 'a rose by any other name';
export const NS_PING = 'urn:xmpp:ping';
/** Refused for what the server did, not because time ran out. */
export const refusal = (name: RegExp) =>
  expect.objectContaining({
    name: expect.stringMatching(name),
    message: expect.not.stringContaining('not online after'),
  });
export const NOT_ONLINE = refusal(/^(ServerNotTrusted|ConnectionFailed)$/);

/** Where the certificates are. */
export let directory: string;
/** The CA that a login trusts. */
export let trusted: CertificateAuthority;
export let honest: Login;
/** Stopped after each test. */
export const servers: ScriptedServer[] = [];
const sessions: Session[] = [];

/** To be called once, at the top of a test file, before anything else of this module is used. */
export function prepareHostileServers(): void {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'inband-hostile-'));
    trusted = await createCertificateAuthority(await mkdtemp(join(directory, 'ca-')));
    const identity = await readIdentity(trusted.issue(DOMAIN));
    honest = { identity, jid: JID, password: PASSWORD };
  });

  afterAll(() => rm(directory, { recursive: true }));

  afterEach(async () => {
    const stopped = await Promise.allSettled(servers.splice(0).map((server) => server.stop()));
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    expect(stopped.filter(({ status }) => status === 'rejected')).toEqual([]);
  });
}

export async function readIdentity(
  issued: Promise<{ certPath: string; keyPath: string }>,
): Promise<Identity> {
  const { certPath, keyPath } = await issued;
  return { cert: await readFile(certPath, 'utf8'), key: await readFile(keyPath, 'utf8') };
}

type Attempt = Partial<ConnectOptions> & { scheme?: 'xmpp' | 'xmpps'; host?: string };

/** Starts a server with the script, and a login to it. */
export async function meet(
  script: Script,
  { scheme = 'xmpp', host = '127.0.0.1', ...rest }: Attempt = {},
) {
  const server = await scriptedServer(script);
  servers.push(server);
  const service = `${scheme}://${host}:${server.port}`;
  const outcome = connect({
    ...{ account: ACCOUNT, password: PASSWORD, service, ca: trusted.pem, timeout: 30_000 },
    ...rest,
  });
  outcome.then(
    (session) => sessions.push(session),
    () => undefined,
  );
  return { server, outcome };
}

/** What can be done, as the error says that a login ends with. */
export const hintsOf = (outcome: Promise<unknown>): Promise<readonly string[]> =>
  outcome.then(
    () => [],
    (error) => ownHints(error),
  );

/** The server's end of the only connection that was made. */
export function only({ peers }: ScriptedServer): Peer {
  expect(peers).toHaveLength(1);
  return peers[0] as Peer;
}

/** A session that is online, and the server's end of it. */
export async function online(
  options?: Attempt,
  settings?: Partial<Login>,
): Promise<[Session, Peer]> {
  let ready: (peer: Peer) => void;
  const peer = new Promise<Peer>((resolve) => {
    ready = resolve;
  });
  const script: Script = async (peer) => {
    await login(peer, { ...honest, ...settings });
    ready(peer);
  };
  const { outcome } = await meet(script, options);
  return Promise.all([outcome, peer]);
}

export const streamError = (condition: string, text = ''): string =>
  `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${text}</${condition}></stream:error>`;

export function expectNoCredentials({ received }: Peer): void {
  const sent = received.plain + received.tls;
  expect(sent).not.toMatch(/<auth|<response/);
  for (const secret of [PASSWORD, `\0romeo\0${PASSWORD}`]) {
    expect(sent).not.toContain(secret);
    expect(sent).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
  }
}
