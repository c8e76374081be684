import { EventEmitter, once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import { ResourceConflict } from '../../../src/session/connection/resource-conflict.js';
import type { ConnectOptions } from '../../../src/session/given/connect-options.js';
import { NotAuthorized } from '../../../src/session/login/sasl.js';
import type { Session, SessionState } from '../../../src/session/session.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { xml } from '../../../src/session/xml.js';
import { createCertificateAuthority } from '../../support/servers/certificates.js';
import {
  attribute,
  type Login,
  login,
  mechanisms,
  type Peer,
  resumption,
  type Script,
  type ScriptedServer,
  scriptedServer,
  secure,
} from '../../support/servers/scripted-server.js';
import { SteppedClock } from '../../support/stepped-clock.js';

const DOMAIN = 'montague.example';
const ACCOUNT = `romeo@${DOMAIN}`;
const JID = `${ACCOUNT}/orchard`;
const JULIET = 'juliet@capulet.example/balcony';
const PASSWORD = 'a rose by any other name';
const NS_SM = 'urn:xmpp:sm:3';
const R = `<r xmlns='${NS_SM}'/>`;
const A = (h: number) => `<a xmlns='${NS_SM}' h='${h}'/>`;
const resumed = (h: number, previd = 'resume-me') =>
  `<resumed xmlns='${NS_SM}' previd='${previd}' h='${h}'/>`;
const streamError = (condition: string) =>
  `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`;
const fromJuliet = (id: number) => `<message from='${JULIET}' id='${id}'/>`;
const toJuliet = (id: number) => xml('message', { to: JULIET, id });
const ping = () => xml('ping', { xmlns: 'urn:xmpp:ping' });

let directory: string;
let ca: string;
let honest: Login;
let impostor: Login;
let clock: SteppedClock;
let server: ScriptedServer;
let session: Session;
let states: SessionState[];
/** The ids of the messages that were handed up. */
let ids: (string | undefined)[];
let news: EventEmitter;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'inband-resumption-'));
  const [trusted, unknown] = await Promise.all(
    ['a', 'b'].map(async (name) =>
      createCertificateAuthority(await mkdtemp(join(directory, name))),
    ),
  );
  if (!trusted || !unknown) throw new Error('two CAs were made');
  ca = trusted.pem;
  const identityOf = async (authority: typeof trusted) => {
    const { certPath, keyPath } = await authority.issue(DOMAIN);
    return { cert: await readFile(certPath, 'utf8'), key: await readFile(keyPath, 'utf8') };
  };
  const rest = { jid: JID, password: PASSWORD, streamManagement: true };
  honest = { ...rest, identity: await identityOf(trusted) };
  impostor = { ...rest, identity: await identityOf(unknown) };
});

afterAll(() => rm(directory, { recursive: true }));

beforeEach(() => {
  clock = new SteppedClock();
  states = [];
  ids = [];
  news = new EventEmitter();
});

afterEach(async () => {
  await Promise.all([server.stop(), session.close()]);
});

/** Goes online with a server that runs one script a connection, the last one again and again. */
async function online(scripts: Script[], options: Partial<ConnectOptions> = {}): Promise<void> {
  let count = 0;
  server = await scriptedServer((peer) => {
    count += 1;
    return (scripts[count - 1] ?? (scripts.at(-1) as Script))(peer);
  });
  const service = `xmpp://127.0.0.1:${server.port}`;
  const given = { account: ACCOUNT, password: PASSWORD, service, ca, clock, random: () => 0 };
  session = await connect({ ...given, ...options });
  session.onState((state) => news.emit('news', states.push(state)));
  session.onMessage(({ attrs }) => news.emit('news', ids.push(attrs.id)));
}

/** The first connection: logs in, then does what the test says. */
const first =
  (then: (peer: Peer) => unknown = () => undefined, settings: Partial<Login> = {}) =>
  async (peer: Peer) => {
    await login(peer, { ...honest, ...settings });
    await then(peer);
  };

/** A connection that resumes: the server says that it has had `h`; the test gets what was asked. */
const resumes =
  (h: number, then: (peer: Peer, request: string) => unknown = () => undefined) =>
  async (peer: Peer) => {
    const request = await resumption(peer, honest);
    peer.write(resumed(h));
    await then(peer, request);
  };

const cut = (peer: Peer) => peer.destroy();
const cutAfterLogin = first(cut);

/** Waits until it is so, which can change with each message and each change of state. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await once(news, 'news');
}

/** Waits for the first, the third … change of state: from online to resuming; the second … leads back. */
const stateChanged = (times = 1) => until(() => states.length >= times);

async function ended(): Promise<Error> {
  if (!session.ended.aborted) await once(session.ended, 'abort');
  return session.ended.reason;
}

describe('after a cut', () => {
  test.each(['destroy', 'end'] as const)(
    'by %s the session goes on with what the server has not had, and the same JID',
    async (how) => {
      const seen: string[] = [];
      await online([
        first(async (peer) => {
          for (let id = 1; id <= 4; id += 1) await peer.stanza('message');
          peer.write(A(1) + fromJuliet(1));
          await peer.expect(/ $/);
          peer[how]();
        }),
        resumes(2, async (peer) => {
          for (let count = 0; count < 3; count += 1) seen.push((await peer.stanza('message')).id);
          peer.write(A(5) + fromJuliet(2));
        }),
      ]);
      for (let id = 1; id <= 4; id += 1) await session.send(toJuliet(id));
      await stateChanged();
      await session.send(toJuliet(5));
      await until(() => ids.length === 2);
      expect(ids).toEqual(['1', '2']);
      expect(seen).toEqual(['3', '4', '5']);
      expect(states).toEqual(['resuming', 'online']);
      expect([session.jid, session.state]).toEqual([JID, 'online']);
    },
  );

  test('the server hears how many stanzas have come, to the one before the cut', async () => {
    let request = '';
    await online([
      first((peer) => {
        peer.write(fromJuliet(1) + fromJuliet(2) + fromJuliet(3));
        peer.end();
      }),
      resumes(0, (_, asked) => {
        request = asked;
      }),
    ]);
    await stateChanged(2);
    expect([attribute(request, 'previd'), attribute(request, 'h')]).toEqual(['resume-me', '3']);
  });

  test('what comes in one piece with <resumed/> is handed up once, and counted (R14)', async () => {
    await online([
      first((peer) => {
        peer.write(fromJuliet(1));
        peer.end();
      }),
      async (peer) => {
        await resumption(peer, honest);
        peer.write(resumed(0) + fromJuliet(2) + fromJuliet(3) + R);
        await peer.expect(/<a [^>]*h="3"/);
        peer.write(fromJuliet(4));
      },
    ]);
    await until(() => ids.includes('4'));
    expect(ids).toEqual(['1', '2', '3', '4']);
  });

  test('a request is answered that was made before it, and one that was made meanwhile', async () => {
    const answer = async (peer: Peer) => {
      const { id } = await peer.stanza('iq');
      peer.write(`<iq type='result' id='${id}' from='${JULIET}'/>`);
    };
    await online([
      first(async (peer) => {
        await peer.stanza('iq');
        peer.destroy();
      }),
      resumes(0, async (peer) => {
        await answer(peer);
        await answer(peer);
      }),
    ]);
    const before = session.request('get', JULIET, ping());
    await stateChanged();
    const meanwhile = session.request('get', JULIET, ping());
    expect((await before).attrs.type).toBe('result');
    expect((await meanwhile).attrs.type).toBe('result');
  });

  test('sync() resolves when the server has told that it had everything', async () => {
    await online([
      first(async (peer) => {
        await peer.stanza('message');
        peer.destroy();
      }),
      resumes(1),
    ]);
    const sent = session.send(toJuliet(1));
    await session.sync();
    await sent;
    expect(states).toEqual(['resuming', 'online']);
  });

  test('it can be cut again, and goes on again (R98)', async () => {
    const again: string[] = [];
    const next = (h: number, id: number) =>
      resumes(h, async (peer, request) => {
        again.push(attribute(request, 'h'));
        await peer.stanza('message');
        peer.write(fromJuliet(id));
        await peer.expect(/<\/?presence/);
        peer.end();
      });
    await online([first(cut), next(0, 1), next(2, 2), resumes(4)]);
    for (const id of [1, 2]) {
      await session.send(toJuliet(id));
      await until(() => ids.includes(String(id)));
      await session.send(xml('presence'));
      // However far each session gets, a server that cuts it off soon is not flooded with logins.
      await clock.step(1_000);
    }
    await stateChanged(6);
    expect(ids).toEqual(['1', '2']);
    expect(again).toEqual(['0', '1']);
  });
});

describe('attempts', () => {
  /** A server that does not get as far as a login. */
  const unreachable: Script = async (peer) => peer.destroy();

  test('are made at once, then after growing delays, until the server has forgotten us', async () => {
    const max = { enabled: "id='resume-me' resume='true' max='10'" };
    await online([first(cut, max), unreachable]);
    for (const delay of [1_000, 2_000, 4_000]) await clock.step(delay);
    await clock.next(3_000);
    expect(server.peers).toHaveLength(5);
    await clock.step(3_000);
    const reason = await ended();
    expect(reason).toBeInstanceOf(ConnectionLost);
    expect(reason.message).toMatch(
      /^the connection was lost and could not be resumed within 10 s \(.+\)$/,
    );
    expect(server.peers).toHaveLength(5);
    expect(states).toEqual(['resuming', 'offline']);
  });

  test('are shortened by up to a half at random', async () => {
    await online([cutAfterLogin, unreachable], { random: () => 0.5 });
    for (const delay of [750, 1_500, 3_000]) await clock.step(delay);
  });

  test.each(['', "max='0'", "max='-1'", "max='many'"])(
    'go on for 300 s where the server says "%s"',
    async (max) => {
      await online([first(cut, { enabled: `id='resume-me' resume='1' ${max}` }), unreachable]);
      for (const delay of [1, 2, 4, 8, 16, 32, 60, 60, 60, 57]) await clock.step(delay * 1_000);
      expect((await ended()).message).toContain('within 300 s');
    },
  );

  test('succeed when the server is there again', async () => {
    await online([cutAfterLogin, unreachable, unreachable, resumes(0)]);
    for (const delay of [1_000, 2_000]) await clock.step(delay);
    await stateChanged(2);
    expect(states).toEqual(['resuming', 'online']);
  });

  test('go on though the server shuts down meanwhile, or has a passing trouble', async () => {
    const shutdown = first((peer) => peer.write(streamError('system-shutdown')));
    const reset: Script = async (peer) => {
      await secure(peer, honest);
      await peer.header(undefined, streamError('reset'));
    };
    await online([shutdown, reset, resumes(0)]);
    await clock.step(1_000);
    await stateChanged(2);
    expect(states).toEqual(['resuming', 'online']);
  });

  test('come slower with a server that cuts us off again each time', async () => {
    await online([cutAfterLogin, resumes(0, cut)]);
    for (const delay of [1_000, 2_000, 4_000]) await clock.step(delay);
    expect(server.peers).toHaveLength(5);
  });
});

test.each<[string, Script, string]>([
  [
    'one whose certificate is not trusted',
    (peer) => login(peer, impostor),
    'certificate is not trusted',
  ],
  ['one without encryption', (peer) => peer.header(mechanisms('SCRAM-SHA-256')), 'no encryption'],
  [
    'one that does not know the domain yet',
    (peer) => peer.header(undefined, `${streamError('host-unknown')}</stream:stream>`),
    'does not serve',
  ],
])(
  'while %s answers in place of the server, it is tried again, and told of once (R86)',
  async (_, script, why) => {
    const setbacks: string[] = [];
    const onSetback = ({ message }: Error) => setbacks.push(message);
    await online([cutAfterLogin, script, script, resumes(0)], { onSetback });
    await clock.step(1_000);
    await clock.step(2_000);
    await stateChanged(2);
    expect(states).toEqual(['resuming', 'online']);
    expect(setbacks).toEqual([expect.stringContaining(why)]);
    for (const { received } of server.peers.slice(1, 3)) {
      expect(received.plain + received.tls).not.toMatch(/<(auth|resume|message)/);
    }
  },
);

describe('the session ends at once', () => {
  const LOST = (why: string) => `the connection was lost, and the session with it (${why})`;
  const failed = "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='x'/></failed>";

  test.each([
    ['does not know it any more', failed, LOST('item-not-found')],
    ['resumes another one', resumed(0, 'another'), LOST('<resumed/>')],
    [
      ...['has had more than was sent', resumed(2)],
      'the connection was lost (the server acknowledged stanzas that were never sent)',
    ],
  ])('when the server %s, and nothing is sent again', async (_, answer, why) => {
    await online([
      first(async (peer) => {
        await peer.stanza('message');
        peer.destroy();
      }),
      async (peer) => {
        await resumption(peer, honest);
        peer.write(answer);
      },
    ]);
    await expect(session.send(toJuliet(1)).then(() => ended())).resolves.toBeInstanceOf(
      ConnectionLost,
    );
    expect(session.ended.reason.message).toBe(why);
    await expect(session.sync()).rejects.toBe(session.ended.reason);
    const [, second] = server.peers;
    await second?.ended;
    expect(server.peers).toHaveLength(2);
    expect(second?.received.tls).not.toContain('<message');
  });

  test('when the server has no stream management any more', async () => {
    await online([cutAfterLogin, (peer) => login(peer, { ...honest, streamManagement: false })]);
    const reason = await ended();
    expect(reason).toBeInstanceOf(ConnectionLost);
    expect(reason.message).toBe(LOST('the server resumes no sessions'));
  });

  test('when more was sent while it was cut than can be kept', async () => {
    await online([cutAfterLogin, resumes(0)]);
    await stateChanged();
    const large = xml('message', { to: JULIET }, xml('body', {}, 'x'.repeat(200_000)));
    const sent = Array.from({ length: 170 }, () => session.send(large).catch(() => undefined));
    expect((await ended()).message).toBe(
      'the connection was lost (too much was sent while it was cut)',
    );
    await Promise.all(sent);
  });

  test('when the password is not right any more', async () => {
    await online([cutAfterLogin, (peer) => login(peer, { ...honest, password: 'new' })]);
    expect(await ended()).toBeInstanceOf(NotAuthorized);
    expect(server.peers).toHaveLength(2);
  });

  test.each([
    ['conflict', ResourceConflict, 'another client has logged in with the same resource'],
    [
      ...(['policy-violation', ConnectionLost] as const),
      'the connection was lost (the server ended the stream: policy-violation)',
    ],
    ['host-gone', ConnectionLost, '(the server ended the stream: host-gone)'],
    ['not-authorized', ConnectionLost, 'not-authorized'],
    ['undefined-condition', ConnectionLost, 'undefined-condition'],
    ['surprise', ConnectionLost, 'surprise'],
  ] as const)(
    'after the stream error %s, without another attempt',
    async (condition, expected, text) => {
      await online([first((peer) => peer.write(streamError(condition)))]);
      const reason = await ended();
      expect(reason).toBeInstanceOf(expected);
      expect(reason.message).toContain(text);
      expect((reason.cause as Error).message).toContain(condition);
      expect(server.peers).toHaveLength(1);
      expect(states).toEqual(['offline']);
    },
  );

  test.each([
    ['XML that is broken', '<message></body>'],
    ['an acknowledgement of what was never sent', A(1)],
  ])('after %s, which would come again', async (_, raw) => {
    await online([first((peer) => peer.write(raw))]);
    expect(await ended()).toBeInstanceOf(ConnectionLost);
    expect(server.peers).toHaveLength(1);
  });

  test('after an end without a word where it cannot go on', async () => {
    await online([first((peer) => peer.end(), { enabled: '' })]);
    expect((await ended()).message).toBe('the connection was lost (the server closed it)');
  });

  test('after close(), which is told to those who still wait', async () => {
    await online([first()]);
    const request = session.request('get', JULIET, ping());
    const told = expect(request).rejects.toThrow('the session was closed');
    await session.close();
    await told;
  });

  test.each(["id='x'", "resume='true'", "id='x' resume='false'", ''])(
    'after a cut where the server said <enabled %s/>',
    async (enabled) => {
      await online([first(cut, { enabled })]);
      expect(await ended()).toBeInstanceOf(ConnectionLost);
      expect(states).toEqual(['offline']);
    },
  );
});

describe('while it is resumed', () => {
  const silent: Script = (peer) => peer.ended;

  test('close() ends the session', async () => {
    await online([cutAfterLogin, silent]);
    await stateChanged();
    const request = session.request('get', JULIET, ping());
    const sent = session.send(toJuliet(1));
    const closed = session.close();
    await expect(request).rejects.toThrow('was closed');
    await expect(sent).rejects.toThrow('was closed');
    await closed;
    expect(states).toEqual(['resuming', 'offline']);
  });

  test('close() between two attempts ends the session, and there are no more', async () => {
    await online([cutAfterLogin, async (peer) => peer.destroy()]);
    await clock.next(1_000);
    await session.close();
    expect(clock.sleepers).toBe(0);
    expect(server.peers).toHaveLength(2);
  });

  test('the signal given to connect ends the session, with its reason', async () => {
    const interrupt = new AbortController();
    await online([cutAfterLogin, silent], { signal: interrupt.signal });
    await stateChanged();
    const request = session.request('get', JULIET, ping());
    interrupt.abort(new Error('interrupted'));
    await expect(request).rejects.toBe(interrupt.signal.reason);
    expect(await ended()).toBe(interrupt.signal.reason);
  });

  test('a signal that was aborted before lets no attempt be made', async () => {
    const interrupt = new AbortController();
    await online([first((peer) => peer.expect(/<presence/).then(() => cut(peer)))], {
      signal: interrupt.signal,
    });
    interrupt.abort(new Error('interrupted'));
    expect(session.state).toBe('online');
    await session.send(xml('presence'));
    expect(await ended()).toBe(interrupt.signal.reason);
    expect(server.peers).toHaveLength(1);
  });
});

describe('a connection that is dead without a word', () => {
  test('is found out 80 s after the last byte, and resumed (R37)', async () => {
    await online([first((peer) => peer.expect(/<r /)), resumes(0)]);
    await clock.step(60_000);
    await clock.step(20_000);
    await stateChanged(2);
    expect(clock.now()).toBe(80_000);
  });

  test('is not one that answers', async () => {
    const answer = async (peer: Peer, id: number) => {
      await peer.expect(/<r /);
      peer.write(A(0) + fromJuliet(id));
    };
    await online([first((peer) => answer(peer, 1).then(() => answer(peer, 2)))]);
    await clock.step(60_000);
    await until(() => ids.includes('1'));
    await clock.step(20_000);
    await clock.step(40_000);
    await until(() => ids.includes('2'));
    await clock.step(20_000);
    await clock.next(40_000);
    expect(states).toEqual([]);
  });

  test('is asked with a ping where the server has no stream management', async () => {
    let answered = '';
    const script = first(
      async (peer) => {
        const { text, id } = await peer.stanza('iq');
        answered = text;
        peer.write(`<iq type='error' id='${id}'/>${fromJuliet(1)}`);
        await peer.stanza('iq');
      },
      { streamManagement: false },
    );
    await online([script]);
    await clock.step(60_000);
    await until(() => ids.includes('1'));
    expect(answered).toMatch(/type="get".*urn:xmpp:ping/);
    await clock.step(20_000);
    await clock.step(40_000);
    await clock.step(20_000);
    const reason = await ended();
    expect(reason).toBeInstanceOf(ConnectionLost);
    expect(reason.message).toBe('the connection was lost (the server gives no sign of life)');
  });
});
