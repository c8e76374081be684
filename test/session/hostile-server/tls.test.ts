import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { whyNotTrusted } from '../../../src/session/stream/certificates.js';
import {
  ConnectionFailed,
  ServerNotTrusted,
} from '../../../src/session/stream/connection-errors.js';
import { createCertificateAuthority } from '../../support/servers/certificates.js';
import {
  authenticate,
  bind,
  type Identity,
  login,
  mechanisms,
  type Peer,
  PROCEED,
  type Script,
  STARTTLS,
  scriptedServer,
} from '../../support/servers/scripted-server.js';
import {
  DOMAIN,
  directory,
  expectNoCredentials,
  hintsOf,
  honest,
  JID,
  JULIET,
  meet,
  NOT_ONLINE,
  NS_PING,
  only,
  prepareHostileServers,
  readIdentity,
  servers,
  streamError,
  trusted,
} from './hostile-server.js';

prepareHostileServers();

const impostors: Record<string, Identity> = {};

beforeAll(async () => {
  const unknown = await createCertificateAuthority(await mkdtemp(join(directory, 'ca-')));
  impostors['for the name of the host'] = await readIdentity(trusted.issue('localhost'));
  impostors['for the address of the host'] = await readIdentity(trusted.issue('127.0.0.1'));
  impostors['of an unknown CA'] = await readIdentity(unknown.issue(DOMAIN));
  impostors['signed by itself'] = await selfSigned(directory);
});

async function selfSigned(folder: string): Promise<Identity> {
  const paths = { certPath: join(folder, 'self.crt'), keyPath: join(folder, 'self.key') };
  const made = promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-subj', `/CN=${DOMAIN}`, '-addext', `subjectAltName=DNS:${DOMAIN}`],
    ...['-keyout', paths.keyPath, '-out', paths.certPath],
  ]);
  return readIdentity(made.then(() => paths));
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
      await expect(outcome).rejects.toThrow('the server offers no encryption (STARTTLS)');
      expect(await hintsOf(outcome)).toEqual([
        'somebody may be in between',
        'or it speaks TLS from the start: --service xmpps://…',
      ]);
      const peer = only(server);
      await peer.ended;
      expectNoCredentials(peer);
      expect(peer.received.plain).not.toContain('romeo');
    },
  );

  test('a server that refuses the STARTTLS that it offered is not trusted (R6)', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await peer.header(STARTTLS);
      await peer.expect(/<starttls[^>]*>/);
      peer.write("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
      peer.end();
    });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    expectNoCredentials(only(server));
  });

  test('a server that refuses it, and waits, is not trusted either', async () => {
    const { outcome } = await meet(async (peer) => {
      await peer.header(STARTTLS);
      await peer.expect(/<starttls[^>]*>/);
      peer.write("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
      await peer.ended;
    });
    await expect(outcome).rejects.toThrow('the server refused STARTTLS');
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

  test('a stanza glued behind the features ends the login (R5)', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await peer.header();
      peer.write(`<stream:features>${STARTTLS}</stream:features><message/>`);
      await peer.expect(/<starttls/);
    });
    await expect(outcome).rejects.toEqual(NOT_ONLINE);
    await expect(outcome).rejects.toThrow(
      'the server sent more than it was asked before encryption',
    );
    await only(server).ended;
  });

  test('a redirect to another host is named, and not followed (R79)', async () => {
    const elsewhere = await scriptedServer((peer) => login(peer, honest));
    servers.push(elsewhere);
    const { outcome } = await meet(async (peer) => {
      await peer.header();
      peer.write(`${streamError('see-other-host', `127.0.0.1:${elsewhere.port}`)}</stream:stream>`);
      peer.end();
    });
    await expect(outcome).rejects.toEqual(NOT_ONLINE);
    await expect(outcome).rejects.toThrow(
      `see-other-host (it says to use 127.0.0.1:${elsewhere.port}; if you trust that, give --service xmpp://`,
    );
    expect(elsewhere.peers).toEqual([]);
  });

  test('a redirect to nowhere is told of as one', async () => {
    const { outcome } = await meet(async (peer) => {
      await peer.header();
      peer.write(`${streamError('see-other-host')}</stream:stream>`);
      peer.end();
    });
    await expect(outcome).rejects.toThrow('see-other-host (it names none)');
  });
});

describe('TLS', () => {
  const doubtful = [
    'for the name of the host',
    'for the address of the host',
    'of an unknown CA',
    'signed by itself',
  ];

  /** What can be done about the certificate of each kind. */
  const hintFor = (kind: string) =>
    /host/.test(kind)
      ? 'is it the server of this account?'
      : 'is its CA missing? --tls-ca <file> names one more';

  test.each(doubtful)('STARTTLS: a certificate %s is not trusted (R6)', async (kind) => {
    const identity = impostors[kind] as Identity;
    const { server, outcome } = await meet((peer) => login(peer, { ...honest, identity }), {
      host: kind.includes('name') ? 'localhost' : '127.0.0.1',
    });
    await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    expect(await hintsOf(outcome)).toEqual([hintFor(kind)]);
    await expect(outcome).rejects.toThrow(
      `the server's certificate is not trusted for ${DOMAIN}: `,
    );
    const { received } = only(server);
    expect(received.plain).toMatch(/^(<\?xml[^>]*>)?\s*<stream:stream[^>]*>\s*<starttls[^>]*\/>$/);
    expect(received.plain).not.toContain('romeo');
    expect(received.tls).toBe('');
  });

  test.each(doubtful)('direct TLS: a certificate %s is not trusted (R6)', async (kind) => {
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

  test.each([
    [
      ...['20200101', '20200201', 'it expired: 2020-02-01'],
      'its owner must renew it, unless the clock here is wrong (',
    ],
    [...['20900101', '20910101', 'it is not valid yet: 2090-01-01'], 'is the clock here right ('],
  ] as [string, string, string, string][])(
    'a certificate that is good from %s to %s is refused with these dates (R78)',
    async (from, until, why, hint) => {
      const identity = await readIdentity(trusted.issueFor(DOMAIN, from, until));
      const { outcome } = await meet((peer) => login(peer, { ...honest, identity }));
      await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
      await expect(outcome).rejects.toThrow(why);
      const today = new Date().toISOString().slice(0, 7);
      expect(await hintsOf(outcome)).toEqual([expect.stringContaining(`${hint}${today}`)]);
    },
  );

  test('a certificate that is wrong in another way is a matter for its owner', () => {
    const odd = Object.assign(new Error('bad signature'), { code: 'CERT_SIGNATURE_FAILURE' });
    expect(whyNotTrusted(odd, undefined, 0)).toEqual({
      why: 'bad signature',
      hint: 'tell the people who run the server',
    });
  });

  test.each<['xmpp' | 'xmpps', Script, string]>([
    [
      'xmpps',
      async (peer) => {
        peer.write("<?xml version='1.0'?><stream:stream>");
        await peer.ended;
      },
      'that port speaks STARTTLS: try xmpp://127.0.0.1:',
    ],
    [
      'xmpp',
      (peer) => peer.startTls(honest.identity),
      'does that port speak TLS from the start? xmpps://127.0.0.1:',
    ],
  ])(
    '%s:// on a port of the other kind is told of, with the right one (R963)',
    async (scheme, script, hint) => {
      const { server, outcome } = await meet(script, { scheme });
      await expect(outcome).rejects.toBeInstanceOf(ConnectionFailed);
      expect(await hintsOf(outcome)).toEqual([`${hint}${server.port}`]);
    },
  );

  test('no variable of the environment makes a certificate trusted (R78)', async () => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      for (const kind of doubtful) {
        const identity = impostors[kind] as Identity;
        const { server, outcome } = await meet((peer) => login(peer, { ...honest, identity }));
        await expect(outcome).rejects.toBeInstanceOf(ServerNotTrusted);
        expect(only(server).received.tls).toBe('');
      }
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  test('CAs that are named in place of those of Node are the only ones (R78)', async () => {
    const named = await meet((peer) => login(peer, honest), {
      ca: undefined,
      roots: [trusted.pem],
    });
    expect((await named.outcome).jid).toBe(JID);
    const none = await meet((peer) => login(peer, honest), { ca: undefined, roots: [] });
    await expect(none.outcome).rejects.toBeInstanceOf(ServerNotTrusted);
    const beside = await meet((peer) => login(peer, honest), { roots: [] });
    expect((await beside.outcome).jid).toBe(JID);
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
