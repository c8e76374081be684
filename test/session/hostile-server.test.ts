import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type ConnectOptions, connect } from '../../src/session/connect.js';
import { ConnectionFailed, ServerNotTrusted } from '../../src/session/dial.js';
import { NotAuthorized } from '../../src/session/sasl.js';
import type { Session } from '../../src/session/session.js';
import { StanzaError } from '../../src/session/stanza-error.js';
import { ConnectionLost } from '../../src/session/stanza-session.js';
import { type Element, xml } from '../../src/session/xml.js';
import { createCertificateAuthority } from '../support/certificates.js';
import {
  attribute,
  authenticate,
  BIND,
  bind,
  failure,
  type Identity,
  type Login,
  login,
  mechanisms,
  type Peer,
  PeerGone,
  PROCEED,
  type Script,
  type ScriptedServer,
  STARTTLS,
  scriptedServer,
  secure,
  success,
} from '../support/scripted-server.js';

// The domain is not the name of the host, so that no check can pass by taking one for the other.
const DOMAIN = 'montague.example';
const ACCOUNT = `romeo@${DOMAIN}`;
const JID = `${ACCOUNT}/orchard`;
const JULIET = 'juliet@capulet.example/balcony';
const TYBALT = 'tybalt@capulet.example/street';
const PASSWORD = 'a rose by any other name';
const NS_PING = 'urn:xmpp:ping';
const NS_TEST = 'urn:example:test';
/** Refused for what the server did, not because time ran out. */
const refusal = (name: RegExp) =>
  expect.objectContaining({
    name: expect.stringMatching(name),
    message: expect.not.stringContaining('not online after'),
  });
const NOT_ONLINE = refusal(/^(ServerNotTrusted|ConnectionFailed)$/);

let directory: string;
let ca: string;
let honest: Login;
const impostors: Record<string, Identity> = {};
const servers: ScriptedServer[] = [];
const sessions: Session[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'inband-hostile-'));
  const trusted = await createCertificateAuthority(await mkdtemp(join(directory, 'ca-')));
  const unknown = await createCertificateAuthority(await mkdtemp(join(directory, 'ca-')));
  ca = trusted.pem;
  honest = { identity: await read(trusted.issue(DOMAIN)), jid: JID, password: PASSWORD };
  impostors['for the name of the host'] = await read(trusted.issue('localhost'));
  impostors['for the address of the host'] = await read(trusted.issue('127.0.0.1'));
  impostors['of an unknown CA'] = await read(unknown.issue(DOMAIN));
  impostors['signed by itself'] = await selfSigned(directory);
});

afterAll(() => rm(directory, { recursive: true }));

afterEach(async () => {
  const stopped = await Promise.allSettled(servers.splice(0).map((server) => server.stop()));
  await Promise.all(sessions.splice(0).map((session) => session.close()));
  expect(stopped.filter(({ status }) => status === 'rejected')).toEqual([]);
});

async function read(issued: Promise<{ certPath: string; keyPath: string }>): Promise<Identity> {
  const { certPath, keyPath } = await issued;
  return { cert: await readFile(certPath, 'utf8'), key: await readFile(keyPath, 'utf8') };
}

async function selfSigned(folder: string): Promise<Identity> {
  const paths = { certPath: join(folder, 'self.crt'), keyPath: join(folder, 'self.key') };
  const made = promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-subj', `/CN=${DOMAIN}`, '-addext', `subjectAltName=DNS:${DOMAIN}`],
    ...['-keyout', paths.keyPath, '-out', paths.certPath],
  ]);
  return read(made.then(() => paths));
}

type Attempt = Partial<ConnectOptions> & { scheme?: 'xmpp' | 'xmpps'; host?: string };

/** Starts a server with the script, and a login to it. */
async function meet(
  script: Script,
  { scheme = 'xmpp', host = '127.0.0.1', ...rest }: Attempt = {},
) {
  const server = await scriptedServer(script);
  servers.push(server);
  const service = `${scheme}://${host}:${server.port}`;
  const outcome = connect({
    ...{ account: ACCOUNT, password: PASSWORD, service, ca, timeout: 4_000 },
    ...rest,
  });
  outcome.then(
    (session) => sessions.push(session),
    () => undefined,
  );
  return { server, outcome };
}

/** The server's end of the only connection that was made. */
function only({ peers }: ScriptedServer): Peer {
  expect(peers).toHaveLength(1);
  return peers[0] as Peer;
}

/** A session that is online, and the server's end of it. */
async function online(options?: Attempt, settings?: Partial<Login>): Promise<[Session, Peer]> {
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

/** Resolves once the client has handled everything written before; rejects with `PeerGone`. */
async function caughtUp(peer: Peer): Promise<void> {
  peer.write(`<iq type='get' id='caught-up' from='${DOMAIN}'><ping xmlns='${NS_PING}'/></iq>`);
  await peer.expect(/<iq[^>]*id=["']caught-up["']/);
}

/** Either the session goes on and answers, or it ends in good order. */
async function whatBecomesOf(session: Session, peer: Peer): Promise<'online' | 'ended'> {
  try {
    await caughtUp(peer);
    return 'online';
  } catch (error) {
    if (!(error instanceof PeerGone)) throw error;
    if (!session.ended.aborted) await once(session.ended, 'abort');
    return 'ended';
  }
}

/** Whether a promise has settled, without waiting for it. */
function watch(promise: Promise<unknown>): { settled: boolean } {
  const state = { settled: false };
  const settle = () => {
    state.settled = true;
  };
  promise.then(settle, settle);
  return state;
}

const streamError = (condition: string, text = ''): string =>
  `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${text}</${condition}></stream:error>`;

function expectNoCredentials({ received }: Peer): void {
  const sent = received.plain + received.tls;
  expect(sent).not.toMatch(/<auth|<response/);
  for (const secret of [PASSWORD, `\0romeo\0${PASSWORD}`]) {
    expect(sent).not.toContain(secret);
    expect(sent).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
  }
}

describe('before TLS', () => {
  test.each([
    ['SCRAM', mechanisms('SCRAM-SHA-256', 'SCRAM-SHA-1')],
    ['PLAIN, even if allowed,', mechanisms('PLAIN')],
    ['nothing', ''],
  ])(
    'a server that offers %s without STARTTLS is not trusted and learns nothing',
    async (_, features) => {
      const { server, outcome } = await meet((peer) => peer.header(features), { allowPlain: true });
      await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
      const peer = only(server);
      await peer.ended;
      expectNoCredentials(peer);
      expect(peer.received.plain).not.toContain('romeo');
    },
  );

  test('a server that refuses the STARTTLS that it offered is not trusted', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await peer.header(STARTTLS);
      await peer.expect(/<starttls[^>]*>/);
      peer.write("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
      peer.end();
    });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    expectNoCredentials(only(server));
  });

  test.each([
    ['a stanza', `<iq type='get' id='injected' from='${JULIET}'><ping xmlns='${NS_PING}'/></iq>`],
    ['the start of a stanza', `<message from='${JULIET}'><body>`],
    ['half a tag', '<iq type="set" id="injec'],
    ['text', 'glue'],
  ])('%s glued behind <proceed/> ends the login, even if all else is right', async (_, glued) => {
    const { server, outcome } = await meet(async (peer) => {
      await peer.header(STARTTLS);
      await peer.expect(/<starttls[^>]*>/);
      peer.write(PROCEED + glued);
      await peer.startTls(honest.identity);
      await authenticate(peer, honest);
      await bind(peer, honest);
    });
    await expect(outcome).rejects.toEqual(NOT_ONLINE);
    expect(only(server).received.tls).toBe('');
  });

  test('a stanza glued behind the features ends the login', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await peer.header();
      peer.write(`<stream:features>${STARTTLS}</stream:features><message/>`);
      await peer.expect(/<starttls/);
    });
    await expect(outcome).rejects.toEqual(NOT_ONLINE);
    await only(server).ended;
  });

  test('a redirect to another host is not followed', async () => {
    const elsewhere = await scriptedServer((peer) => login(peer, honest));
    servers.push(elsewhere);
    const { outcome } = await meet(async (peer) => {
      await peer.header();
      peer.write(`${streamError('see-other-host', `127.0.0.1:${elsewhere.port}`)}</stream:stream>`);
      peer.end();
    });
    await expect(outcome).rejects.toEqual(NOT_ONLINE);
    expect(elsewhere.peers).toEqual([]);
  });
});

describe('TLS', () => {
  const doubtful = [
    'for the name of the host',
    'for the address of the host',
    'of an unknown CA',
    'signed by itself',
  ];

  test.each(doubtful)('STARTTLS: a certificate %s is not trusted', async (kind) => {
    const identity = impostors[kind] as Identity;
    const { server, outcome } = await meet((peer) => login(peer, { ...honest, identity }), {
      host: kind.includes('name') ? 'localhost' : '127.0.0.1',
    });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    const { received } = only(server);
    expect(received.plain).toMatch(/^(<\?xml[^>]*>)?\s*<stream:stream[^>]*>\s*<starttls[^>]*\/>$/);
    expect(received.plain).not.toContain('romeo');
    expect(received.tls).toBe('');
  });

  test.each(doubtful)('direct TLS: a certificate %s is not trusted', async (kind) => {
    const identity = impostors[kind] as Identity;
    const { server, outcome } = await meet((peer) => directLogin(peer, identity), {
      scheme: 'xmpps',
      host: kind.includes('name') ? 'localhost' : '127.0.0.1',
    });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    expect(only(server).received).toEqual({ plain: '', tls: '' });
  });

  test('without the CA the right certificate is not trusted either', async () => {
    const { outcome } = await meet((peer) => login(peer, honest), { ca: undefined });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
  });

  test('the name asked for with SNI is the domain of the account, not the host', async () => {
    const startTls = await meet((peer) => login(peer, honest));
    const direct = await meet((peer) => directLogin(peer, honest.identity), { scheme: 'xmpps' });
    await Promise.all([startTls.outcome, direct.outcome]);
    expect([only(startTls.server).servername, only(direct.server).servername]).toEqual([
      DOMAIN,
      DOMAIN,
    ]);
    expect(only(direct.server).received.plain).toBe('');
  });

  async function directLogin(peer: Peer, identity: Identity): Promise<void> {
    await peer.startTls(identity);
    await authenticate(peer, honest);
    await bind(peer, honest);
  }
});

describe('the login', () => {
  test.each(['SCRAM-SHA-1', 'SCRAM-SHA-256'] as const)('%s works', async (mechanism) => {
    const [session] = await online({}, { mechanism });
    expect(session.jid).toBe(JID);
  });

  test('SCRAM takes the signature in a last challenge too', async () => {
    const [session] = await online({}, { signatureIn: 'challenge' });
    expect(session.jid).toBe(JID);
  });

  test('SCRAM works with a password that is not ASCII', async () => {
    const password = 'pässwörd密码';
    const [session] = await online({ password }, { password });
    expect(session.jid).toBe(JID);
  });

  test.each([
    ['answers with a nonce that is not ours', { spoil: 'nonce' }],
    ['asks for 1 iteration', { iterations: 1 }],
    ['asks for 10^9 iterations', { iterations: 1e9 }],
    ['signs wrongly', { spoil: 'signature' }],
    ['signs wrongly in a last challenge', { spoil: 'signature', signatureIn: 'challenge' }],
    ['leaves out the signature', { spoil: 'missing signature' }],
    ['leaves out the final data', { spoil: 'missing final data' }],
    ['lets us in without a challenge', { spoil: 'missing challenge' }],
  ] satisfies [string, Partial<Login>][])('a server that %s is not trusted', async (_, wrong) => {
    const { server, outcome } = await meet((peer) => login(peer, { ...honest, ...wrong }));
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    const peer = only(server);
    await peer.ended;
    expect(peer.received.tls).not.toContain('<bind');
  });

  test('a server that skips the login is not trusted', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await bind(peer, honest);
    });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    expect(only(server).received.tls).not.toContain('<bind');
  });

  test.each(['STARTTLS', 'SASL', 'binding'] as const)(
    'a request before the features of the %s stream is not answered, and no way in',
    async (stream) => {
      const iq = `<iq type='get' id='too-early' from='${JULIET}'><ping xmlns='${NS_PING}'/></iq>`;
      const beforeFeatures = { [stream]: iq };
      const { server, outcome } = await meet((peer) => login(peer, { ...honest, beforeFeatures }));
      await expect(outcome).rejects.toEqual(NOT_ONLINE);
      const { ended, received } = only(server);
      await ended;
      expect(received.plain + received.tls).not.toContain('too-early');
    },
  );

  test.each(['', '@/', ACCOUNT, 'nonsense at large'])(
    'a server that binds "%s" is not trusted',
    async (jid) => {
      const { server, outcome } = await meet((peer) => login(peer, { ...honest, jid }));
      await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
      await only(server).ended;
    },
  );

  test('a wrong password is tried once, and the connection closed', async () => {
    const { server, outcome } = await meet((peer) => login(peer, { ...honest, password: 'other' }));
    await expect(outcome).rejects.toBeInstanceOf(NotAuthorized);
    const peer = only(server);
    await peer.ended;
    expect(peer.received.tls.match(/<auth/g)).toHaveLength(1);
  });

  test('a refusal at once is final too', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await peer.header(mechanisms('SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN'));
      await peer.expect(/<\/auth>/);
      peer.write(failure('not-authorized'));
      await peer.expect(/<\/auth>/);
    });
    await expect(outcome).rejects.toBeInstanceOf(NotAuthorized);
    const peer = only(server);
    await peer.ended;
    expect(peer.received.tls.match(/<auth/g)).toHaveLength(1);
  });

  test('PLAIN is not spoken unless allowed', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await peer.header(mechanisms('PLAIN'));
    });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    const peer = only(server);
    await peer.ended;
    expectNoCredentials(peer);
  });

  test('PLAIN, if allowed, is spoken in UTF-8', async () => {
    const password = 'pässwörd密码';
    const { server, outcome } = await meet(
      async (peer) => {
        await secure(peer, honest);
        await peer.header(mechanisms('PLAIN'));
        const [, initial] = await peer.expect(/<auth[^>]*mechanism="PLAIN"[^>]*>([^<]*)<\/auth>/);
        const wanted = Buffer.from(`\0romeo\0${password}`).toString('base64');
        peer.write(initial === wanted ? success() : failure('not-authorized'));
        await bind(peer, honest);
      },
      { password, allowPlain: true },
    );
    await expect(outcome).resolves.toMatchObject({ jid: JID });
    expect(only(server).received.plain).not.toContain('<auth');
  });

  test('PLAIN, if allowed, gives way to SCRAM', async () => {
    const { server, outcome } = await meet(
      async (peer) => {
        await secure(peer, honest);
        await peer.header(mechanisms('PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256'));
        await peer.expect(/<\/auth>/);
        peer.end();
      },
      { allowPlain: true },
    );
    await expect(outcome).rejects.toBeInstanceOf(ConnectionFailed);
    expect(only(server).received.tls).toMatch(/<auth[^>]*mechanism="SCRAM-SHA-256"/);
  });
});

describe('a login that stops', () => {
  const stages: [string, Script][] = [
    ['before the stream header', (peer) => peer.expect(/<stream:stream/)],
    ['before the features', (peer) => peer.header()],
    [
      'before the TLS handshake',
      async (peer) => {
        await peer.header(STARTTLS);
        await peer.expect(/<starttls[^>]*>/);
        peer.write(PROCEED);
        await peer.expect(/./); // the ClientHello
      },
    ],
    [
      'inside TLS',
      async (peer) => {
        await secure(peer, honest);
        await peer.expect(/<stream:stream/);
      },
    ],
    [
      'in answer to <auth/>',
      async (peer) => {
        await secure(peer, honest);
        await peer.header(mechanisms('SCRAM-SHA-256'));
        await peer.expect(/<\/auth>/);
      },
    ],
    [
      'after the success',
      async (peer) => {
        await secure(peer, honest);
        await authenticate(peer, honest);
        await peer.expect(/<stream:stream/);
      },
    ],
    [
      'before the last features',
      async (peer) => {
        await secure(peer, honest);
        await authenticate(peer, honest);
        await peer.header();
      },
    ],
    [
      'in answer to the binding',
      async (peer) => {
        await secure(peer, honest);
        await authenticate(peer, honest);
        await peer.header(BIND);
        await peer.stanza('iq');
      },
    ],
  ];

  test.each(stages)('with silence %s is given up after the timeout', async (_, stage) => {
    const { server, outcome } = await meet(stage, { timeout: 200 });
    await expect(outcome).rejects.toBeInstanceOf(ConnectionFailed);
    await only(server).ended;
  });

  const endings: [string, (peer: Peer) => void][] = [
    ['a close', (peer) => peer.end()],
    ['a cut', (peer) => peer.destroy()],
    ['a good-bye', (peer) => peer.write('</stream:stream>')],
    ['broken XML', (peer) => peer.write('<a></b>')],
    ['a stream error', (peer) => peer.write(streamError('system-shutdown'))],
  ];
  const ended = endings.flatMap(([how, end]) =>
    stages.map(([when, stage]) => [how, when, stage, end] as const),
  );

  test.each(ended.slice(0, 2 * stages.length))(
    'with %s %s rejects with ConnectionFailed',
    async (_how, _when, stage, end) => {
      const { outcome } = await meet((peer) => stage(peer).then(() => end(peer)));
      await expect(outcome).rejects.toEqual(refusal(/^ConnectionFailed$/));
    },
  );

  test.each(ended.slice(2 * stages.length))(
    'with %s %s rejects, and the connection is closed',
    async (_how, _when, stage, end) => {
      const { server, outcome } = await meet((peer) => stage(peer).then(() => end(peer)));
      await expect(outcome).rejects.toEqual(NOT_ONLINE);
      await only(server).ended;
    },
  );

  test.each(stages)('by the abort signal %s rejects with its reason', async (_, stage) => {
    const reason = new Error('changed my mind');
    const abort = new AbortController();
    const { server, outcome } = await meet(
      async (peer) => {
        await stage(peer);
        abort.abort(reason);
      },
      { signal: abort.signal },
    );
    await expect(outcome).rejects.toBe(reason);
    await only(server).ended;
  });

  test('before it began connects to nobody', async () => {
    const reason = new Error('changed my mind');
    const { server, outcome } = await meet((peer) => peer.header(), {
      signal: AbortSignal.abort(reason),
    });
    await expect(outcome).rejects.toBe(reason);
    await Promise.all(server.peers.map((peer) => peer.ended));
    expect(server.peers.map((peer) => peer.received.plain).join('')).toBe('');
  });
});

describe('a reply', () => {
  test.each([
    ['result', TYBALT],
    ['error', TYBALT],
    ['result', 'juliet@capulet.example'],
    ['result', 'juliet@capulet.example/chamber'],
    ['result', 'capulet.example'],
    ['result', DOMAIN],
    ['result', ACCOUNT],
    ['result', undefined],
  ])('of type %s with the right id is ignored if it comes from %s', async (type, from) => {
    const [session, peer] = await online();
    const reply = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    const state = watch(reply);
    const { id } = await peer.stanza('iq');
    peer.write(`<iq type='${type}' id='${id}'${from ? ` from='${from}'` : ''}><false/></iq>`);
    await caughtUp(peer);
    expect(state.settled).toBe(false);

    peer.write(`<iq type='result' id='${id}' from='${JULIET}'><true xmlns='${NS_TEST}'/></iq>`);
    expect((await reply).getChild('true', NS_TEST)).toBeDefined();
  });

  test.each([
    [undefined, undefined, true],
    [undefined, ACCOUNT, true],
    [ACCOUNT, undefined, true],
    [ACCOUNT, ACCOUNT, true],
    [DOMAIN, DOMAIN, true],
    [undefined, TYBALT, false],
    [undefined, DOMAIN, false],
    [undefined, `romeo@${DOMAIN}.example`, false],
    [DOMAIN, TYBALT, false],
    [DOMAIN, undefined, false],
    [DOMAIN, ACCOUNT, false],
    ['juliet@CAPULET.example/balcony', JULIET, true],
  ])('to a request to %s from %s: accepted %s (RFC 6120 §8.1.2.1)', async (to, from, accepted) => {
    const [session, peer] = await online();
    const reply = session.request('get', to, xml('ping', { xmlns: NS_PING }));
    reply.catch(() => undefined);
    const state = watch(reply);
    const { id } = await peer.stanza('iq');
    peer.write(`<iq type='result' id='${id}'${from ? ` from='${from}'` : ''}/>`);
    await caughtUp(peer);
    expect(state.settled).toBe(accepted);
  });

  test('of type error rejects with StanzaError', async () => {
    const [session, peer] = await online();
    const reply = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    const { id } = await peer.stanza('iq');
    peer.write(
      `<iq type='error' id='${id}' from='${JULIET}'><error type='wait'>` +
        "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
    await expect(reply).rejects.toEqual(new StanzaError('wait', 'resource-constraint'));
  });

  test('cannot be guessed: ids differ and have 128 bits', async () => {
    const [session, peer] = await online();
    const count = 1024;
    for (let i = 0; i < count; i += 1) {
      session.request('get', JULIET, xml('ping', { xmlns: NS_PING })).catch(() => undefined);
    }
    const ids: string[] = [];
    while (ids.length < count) ids.push((await peer.stanza('iq')).id);
    expect(new Set(ids).size).toBe(count);
    expect(bits(ids)).toBeGreaterThanOrEqual(128);
  });

  /** How much the ids vary: the logarithm of the characters seen at each place. */
  function bits(ids: string[]): number {
    const places = Array.from(ids[0] ?? '', (_, place) => new Set(ids.map((id) => id[place])));
    return places.reduce((sum, { size }) => sum + Math.log2(size), 0);
  }
});

describe('when the connection goes', () => {
  test.each(['destroy', 'end'] as const)(
    'with %s, requests reject with ConnectionLost',
    async (how) => {
      const [session, peer] = await online();
      const pending = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
      await peer.stanza('iq');
      peer[how]();
      await expect(pending).rejects.toBeInstanceOf(ConnectionLost);
      expect(session.ended.aborted).toBe(true);
      expect(session.ended.reason).toBeInstanceOf(ConnectionLost);
      const late = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
      await expect(late).rejects.toBeInstanceOf(ConnectionLost);
      await expect(session.send(xml('presence'))).rejects.toBeInstanceOf(ConnectionLost);
    },
  );

  test('close() resolves, twice as well', async () => {
    const [session, peer] = await online();
    peer.destroy();
    await expect(session.close()).resolves.toBeUndefined();
    await expect(session.close()).resolves.toBeUndefined();
  });

  test('close() resolves though the server answers no closing tag, or reads no more', async () => {
    const [[session, peer], [unread, deaf]] = await Promise.all([online(), online()]);
    const pending = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    deaf.stall();
    const closed = [session.close(), unread.close()];
    await expect(pending).rejects.toBeInstanceOf(ConnectionLost);
    await peer.expect(/<\/stream:stream>/);
    await expect(Promise.all(closed)).resolves.toBeDefined();
    expect([session.ended.aborted, unread.ended.aborted]).toEqual([true, true]);
  });
});

describe('input', () => {
  const body = 'ü 密码 🦊 e\u0301';

  test('split between the bytes of a character arrives intact', async () => {
    const [session, peer] = await online();
    const bodies: (string | undefined)[] = [];
    session.onMessage((message) => bodies.push(message.getChild('body')?.getText()));
    await peer.trickle(`<message from='${JULIET}'><body>${body}</body></message>`);
    await caughtUp(peer);
    expect(bodies).toEqual([body]);
  });

  const message = (content: string) => `<message from='${JULIET}'>${content}</message>`;
  const hostile: [string, string | Uint8Array, Partial<Login>?][] = [
    ['an unknown entity', message('<body>&foo;</body>')],
    ['an unknown entity in an attribute', `<message from='${JULIET}' id='&foo;'/>`],
    ['a numeric entity out of range', message('<body>&#x110000;&#0;</body>')],
    ['a document type', `<!DOCTYPE x [<!ENTITY y 'z'>]>${message('<body>&y;</body>')}`],
    ['a malformed sender', "<message from='a@'><body>x</body></message>"],
    ['a request by a malformed sender', "<iq type='get' id='x' from='@/'><x xmlns='y'/></iq>"],
    ['a tag that does not match', message('<body></head>')],
    ['a tag closed too often', '</message>'],
    ['bytes that are not UTF-8', Buffer.from(message('<body>\xff\xfe\xc0\x80</body>'), 'latin1')],
    ['a null byte', message('<body>\0</body>')],
    ['text between stanzas', 'text'],
    ['a stanza of 5 MiB', message(`<body>${'x'.repeat(5 << 20)}</body>`)],
    ['a tag of 5 MiB', `<message from='${JULIET}' id='${'x'.repeat(5 << 20)}'/>`],
    ['a stanza that never ends', `<message from='${JULIET}'>${'x'.repeat(5 << 20)}`],
    ['elements 10,000 deep', message('<x>'.repeat(10_000) + '</x>'.repeat(10_000))],
    ['60,000 siblings', message('<x/>'.repeat(60_000))],
    [
      '60,000 attributes',
      `<message ${Array.from({ length: 60_000 }, (_, i) => `a${i}='' `).join('')}/>`,
    ],
    [
      'an iq without id, type and payload',
      `<iq/><iq type='get'/><iq id='x'/><iq type='set' id='x'/>`,
    ],
    ['an iq of unknown type', `<iq type='shout' id='x' from='${JULIET}'><x xmlns='y'/></iq>`],
    [
      'names of the prototype',
      "<iq type='__proto__' id='constructor'><__proto__ xmlns='toString'/></iq><iq type='result' id='__proto__'/>",
    ],
    ['an unbound prefix', message('<x:y/>')],
    ['an element that is no stanza', "<surprise xmlns='urn:example:surprise'/>"],
    ['features once more', `<stream:features>${BIND}${mechanisms('PLAIN')}</stream:features>`],
    ['a success once more', success('v=')],
    ['an unasked acknowledgement', "<a xmlns='urn:xmpp:sm:3' h='1'/>"],
    [
      'an acknowledgement of what was never sent',
      "<a xmlns='urn:xmpp:sm:3' h='4000000000'/>",
      { streamManagement: true },
    ],
    [
      'an acknowledgement of nonsense',
      "<a xmlns='urn:xmpp:sm:3' h='-1'/><a xmlns='urn:xmpp:sm:3'/>",
      { streamManagement: true },
    ],
    ['a stream error', streamError('conflict')],
    ['an empty stream error', '<stream:error/>'],
  ];

  test.each(hostile)('%s ends the session or is ignored', async (_, raw, settings = {}) => {
    const [session, peer] = await online({}, settings);
    const [other, otherPeer] = await online();
    const lost = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    const state = watch(lost);
    peer.write(raw);
    const became = await whatBecomesOf(session, peer);
    expect(state.settled).toBe(became === 'ended');
    expect(await whatBecomesOf(other, otherPeer)).toBe('online');
  });

  test.each(hostile.filter(([name]) => /MiB|10,000|60,000 siblings/.test(name)))(
    'nothing of %s reaches a listener',
    async (_, raw) => {
      const [session, peer] = await online();
      const seen: Element[] = [];
      session.onMessage((stanza) => seen.push(stanza));
      peer.write(raw);
      await whatBecomesOf(session, peer);
      expect(seen.flatMap(({ children }) => children)).toEqual([]);
    },
  );

  test('a listener that throws does not keep the message from the others', async () => {
    const [session, peer] = await online();
    const seen: Element[] = [];
    session.onMessage(() => {
      throw new Error('oops');
    });
    session.onMessage((stanza) => seen.push(stanza));
    peer.write(message('<body/>'));
    await caughtUp(peer);
    expect(seen).toHaveLength(1);
  });
});

describe('a request', () => {
  const ask = (from: string, id: string, payload: string) =>
    `<iq type='get' id='${id}' from='${from}' to='${JID}'>${payload}</iq>`;
  const large = `<x xmlns='${NS_TEST}'>${'echo'.repeat(25_000)}</x>`;

  test('that nobody handles gets service-unavailable and no echo', async () => {
    const [, peer] = await online();
    peer.write(ask(JULIET, 'q1', large));
    const { text, id } = await peer.stanza('iq');
    expect([id, attribute(text, 'to'), attribute(text, 'type')]).toEqual(['q1', JULIET, 'error']);
    expect(text).toContain('<service-unavailable');
    expect(text).not.toContain('echo');
    expect(text.length).toBeLessThan(500);
  });

  test('whose handler throws gets internal-server-error, no echo and no detail', async () => {
    const [session, peer] = await online();
    session.handle('get', NS_TEST, 'x', () => {
      throw new Error('secret detail');
    });
    peer.write(ask(JULIET, 'q1', large));
    const { text, id } = await peer.stanza('iq');
    expect([id, attribute(text, 'to'), attribute(text, 'type')]).toEqual(['q1', JULIET, 'error']);
    expect(text).toContain('<internal-server-error');
    expect(text).not.toMatch(/echo|secret/);
    expect(text.length).toBeLessThan(500);
  });

  test('of one who is not admitted gets the very answer of a request that nobody handles', async () => {
    const admit = (from: string) => from === JULIET;
    const [session, peer] = await online({ admit });
    const asked: string[] = [];
    session.handle('get', NS_TEST, 'x', (_, { from }) => {
      asked.push(from);
      return undefined;
    });
    peer.write(ask(JULIET, 'q1', "<x xmlns='urn:example:nobody'/>"));
    const unhandled = (await peer.stanza('iq')).text;
    peer.write(ask(TYBALT, 'q1', `<x xmlns='${NS_TEST}'/>`));
    const refused = (await peer.stanza('iq')).text;
    expect(refused).toBe(unhandled.replace(JULIET, TYBALT));
    expect(asked).toEqual([]);

    peer.write(ask(JULIET, 'q2', `<x xmlns='${NS_TEST}'/>`));
    await peer.expect(/<iq[^>]*id="q2"/);
    expect(asked).toEqual([JULIET]);
  });

  test.each([
    ['an unasked result', `<iq type='result' id='x' from='${JULIET}'><x xmlns='${NS_TEST}'/></iq>`],
    ['an unasked error', `<iq type='error' id='x' from='${JULIET}'><x xmlns='${NS_TEST}'/></iq>`],
    ['a message', `<message from='${JULIET}' id='x'><x xmlns='${NS_TEST}'/></message>`],
    ['a presence', `<presence from='${JULIET}' id='x'><x xmlns='${NS_TEST}'/></presence>`],
  ])('is not %s: it is not answered', async (_, stanza) => {
    const [session, peer] = await online();
    let runs = 0;
    const count = () => {
      runs += 1;
      return undefined;
    };
    session.handle('get', NS_TEST, 'x', count);
    session.handle('set', NS_TEST, 'x', count);
    peer.write(stanza);
    await caughtUp(peer);
    expect(peer.received.tls).not.toMatch(/id="x"/);
    expect(runs).toBe(0);
  });
});

describe('stream management', () => {
  test('counts every stanza, results too', async () => {
    const [session, peer] = await online({}, { streamManagement: true });
    const reply = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    const { id } = await peer.stanza('iq');
    peer.write("<r xmlns='urn:xmpp:sm:3'/>");
    expect((await peer.expect(/<a [^>]*h="(\d+)"/))[1]).toBe('0');

    peer.write(`<message from='${JULIET}'><body>one</body></message>`);
    peer.write(`<presence from='${JULIET}'/>`);
    peer.write(`<iq type='result' id='${id}' from='${TYBALT}'/>`);
    peer.write(`<iq type='result' id='${id}' from='${JULIET}'/>`);
    peer.write(`<iq type='get' id='x' from='${JULIET}'><x xmlns='${NS_TEST}'/></iq>`);
    peer.write("<r xmlns='urn:xmpp:sm:3'/>");
    expect((await peer.expect(/<a [^>]*h="(\d+)"/))[1]).toBe('5');
    await reply;
  });

  test('counts what came in one piece with <enabled/>', async () => {
    const behindEnabled = `<message from='${JULIET}'/>`;
    const [, peer] = await online({}, { streamManagement: true, behindEnabled });
    peer.write("<r xmlns='urn:xmpp:sm:3'/>");
    expect((await peer.expect(/<a [^>]*h="(\d+)"/))[1]).toBe('1');
  });
});
