import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { NotAuthorized } from '../../../src/session/login/sasl.js';
import {
  ConnectionFailed,
  ServerNotTrusted,
} from '../../../src/session/stream/connection-errors.js';
import {
  authenticate,
  BIND,
  bind,
  challenge,
  failure,
  type Login,
  login,
  mechanisms,
  secure,
  success,
} from '../../support/servers/scripted-server.js';
import {
  ACCOUNT,
  expectNoCredentials,
  hintsOf,
  honest,
  JID,
  JULIET,
  meet,
  NOT_ONLINE,
  NS_PING,
  online,
  only,
  prepareHostileServers,
} from './hostile-server.js';

prepareHostileServers();

const UNKNOWN = 'the server does not know the password that it asked for';
const UNPROVEN = 'the server did not prove that it knows the password';
const MORE = 'the server sent more than it was asked before the login was done';
const unasked = (name: string) => `the server sent <${name}/> before the login was done`;

const FEATURES_AND_CHALLENGE = `<stream:features>${mechanisms('SCRAM-SHA-256')}</stream:features>${challenge('r=x')}`;

describe('the login', () => {
  test.each(['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
    '%s works (R102)',
    async (mechanism) => {
      const [session] = await online({}, { mechanism });
      expect(session.jid).toBe(JID);
    },
  );

  test('may take seconds at each step, as over Tor', async () => {
    const { outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await sleep(2_100);
      await authenticate(peer, honest);
      await sleep(2_100);
      await bind(peer, honest);
    });
    expect((await outcome).jid).toBe(JID);
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
    ['answers with a nonce that is not ours', { spoil: 'nonce' }, '(SCRAM nonce)'],
    ['asks for 1 iteration', { iterations: 1 }, 'with 1 iterations; 4096 to'],
    ['asks for 10^9 iterations', { iterations: 1e9 }, 'with 1000000000 iterations; 4096 to'],
    ['signs wrongly', { spoil: 'signature' }, UNKNOWN],
    [
      'signs wrongly in a last challenge',
      { spoil: 'signature', signatureIn: 'challenge' },
      UNKNOWN,
    ],
    ['leaves out the signature', { spoil: 'missing signature' }, UNKNOWN],
    ['leaves out the final data', { spoil: 'missing final data' }, UNPROVEN],
    ['lets us in without a challenge', { spoil: 'missing challenge' }, UNPROVEN],
  ] satisfies [string, Partial<Login>, string][])(
    'a server that %s is not trusted',
    async (_, wrong, why) => {
      const { server, outcome } = await meet((peer) => login(peer, { ...honest, ...wrong }));
      await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
      await expect(outcome).rejects.toThrow(why);
      const peer = only(server);
      await peer.ended;
      expect(peer.received.tls).not.toContain('<bind');
    },
  );

  test('a server that skips the login is not trusted (R5)', async () => {
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

  const features = `<stream:features>${BIND}</stream:features>`;

  test.each([
    ['features', features, unasked('stream:features')],
    ['a whole stream', `<stream:stream xmlns='jabber:client'>${features}`, MORE],
    ['the beginning of an element', '<stream:features>', MORE],
    ['text', 'features', MORE],
    ['a request', `<iq type='get' id='too-early'><ping xmlns='${NS_PING}'/></iq>`, unasked('iq')],
    ['another success', success(), unasked('success')],
  ])('%s that comes glued to <success/> does not count (R101)', async (_, behindSuccess, why) => {
    const { server, outcome } = await meet((peer) => login(peer, { ...honest, behindSuccess }));
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    await expect(outcome).rejects.toThrow(why);
    const peer = only(server);
    await peer.ended;
    expect(peer.received.tls).not.toMatch(/<bind|too-early/);
  });

  test('a challenge that comes glued to the offer of SASL does not count (R101)', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await peer.header(undefined, FEATURES_AND_CHALLENGE);
    });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    await only(server).ended;
  });

  test('the end of the stream behind <success/> is no login', async () => {
    const behindSuccess = '</stream:stream>';
    const { outcome } = await meet((peer) => login(peer, { ...honest, behindSuccess }));
    await expect(outcome).rejects.toBeInstanceOf(ConnectionFailed);
  });

  test('what ends before it gives us an address is no login', async () => {
    const { outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await authenticate(peer, honest);
      await peer.header(BIND);
      await peer.stanza('iq');
      peer.end();
    });
    await expect(outcome).rejects.toThrow(
      'the login was cut short (the server closed the connection)',
    );
  });

  test('what opens no stream of XMPP is no server of it', async () => {
    const { outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await peer.expect(/<stream:stream[^>]*>/);
      peer.write('<html>');
      await peer.ended;
    });
    await expect(outcome).rejects.toThrow('(<html> opens no XMPP stream)');
  });

  test('features without a new stream round them are no login (R101)', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await authenticate(peer, honest);
      await peer.expect(/<stream:stream[^>]*>/);
      peer.write(`<features xmlns='http://etherx.jabber.org/streams'>${BIND}</features>`);
    });
    await expect(outcome).rejects.toBeInstanceOf(ConnectionFailed);
    const peer = only(server);
    await peer.ended;
    expect(peer.received.tls).not.toContain('<bind');
  });

  test.each(['', '@/', ACCOUNT, 'nonsense at large'])(
    'a server that binds "%s" is not trusted',
    async (jid) => {
      const { server, outcome } = await meet((peer) => login(peer, { ...honest, jid }));
      await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
      await expect(outcome).rejects.toThrow(/^the server bound ".*", which is no full JID$/);
      await only(server).ended;
    },
  );

  test.each(['other@localhost/x', `${ACCOUNT}.example/x`, 'localhost/x'])(
    'a server that logs us in as %s is not trusted (R1032)',
    async (jid) => {
      const { server, outcome } = await meet((peer) => login(peer, { ...honest, jid }));
      await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
      await expect(outcome).rejects.toThrow(
        `the server logged ${ACCOUNT} in as ${jid.slice(0, -2)}`,
      );
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

  test('a refusal for another reason than the password is told with it', async () => {
    const { outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await peer.header(mechanisms('SCRAM-SHA-256'));
      await peer.expect(/<\/auth>/);
      peer.write(failure('account-disabled'));
    });
    await expect(outcome).rejects.toThrow(
      `the server refused the login of ${ACCOUNT} (account-disabled)`,
    );
  });

  test('an end without a word is no login', async () => {
    const { outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await peer.header(mechanisms('SCRAM-SHA-256'));
      await peer.expect(/<\/auth>/);
      peer.end();
    });
    await expect(outcome).rejects.toThrow('the login was cut short (the server closed the stream)');
  });

  test('PLAIN is not spoken unless allowed', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await secure(peer, honest);
      await peer.header(mechanisms('PLAIN'));
    });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    await expect(outcome).rejects.toThrow(
      'the server offers no login that keeps the password secret (PLAIN)',
    );
    expect(await hintsOf(outcome)).toEqual(['--allow-plain would show it the password']);
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
