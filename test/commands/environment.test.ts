import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runInband } from '../support/programs/inband.js';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../support/servers/certificates.js';
import { type Identity, scriptedServer, secure } from '../support/servers/scripted-server.js';

// What the built program makes of variables of the environment.

const LOGIN = { jid: 'bob@localhost/inband', password: 'secret' };

let folder: string;
let known: CertificateAuthority;
let identity: Identity;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-environment-'));
  known = await createCertificateAuthority(folder);
  const { certPath, keyPath } = await known.issue('localhost');
  identity = { cert: await readFile(certPath, 'utf8'), key: await readFile(keyPath, 'utf8') };
});

afterAll(() => rm(folder, { recursive: true }));

/** The exit of a login to a server that is set up like this, and whether TLS came about. */
async function meet(env: Record<string, string>, settings: object = {}) {
  let isTrusted = false;
  const server = await scriptedServer(async (peer) => {
    await secure(peer, { ...LOGIN, identity: { ...identity, ...settings } });
    // The header is the first that comes through TLS from one who trusts us.
    await peer.expect(/<stream:stream[^>]*>/);
    isTrusted = true;
    peer.end();
  });
  const running = runInband(['probe', '-v', 'alice@localhost'], {
    ...{ home: folder, cwd: folder },
    env: {
      ...{ SSL_CERT_FILE: '', SSL_CERT_DIR: '', NODE_EXTRA_CA_CERTS: '' },
      INBAND_ACCOUNT: 'bob@localhost',
      INBAND_PASSWORD: LOGIN.password,
      INBAND_SERVICE: `xmpp://127.0.0.1:${server.port}`,
      ...env,
    },
  });
  const { code } = await running.exited;
  await server.stop();
  return { code, isTrusted, stderr: running.stderr() };
}

const UNTRUSTED = { code: 4, isTrusted: false };

describe('a server', () => {
  test.each<Record<string, string>>([
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { NODE_OPTIONS: '--use-openssl-ca' },
    { NODE_OPTIONS: '--use-bundled-ca', NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  ])('of an unknown CA is not trusted with %j (R78)', async (env) => {
    expect(await meet(env)).toMatchObject(UNTRUSTED);
  });

  test('that knows old TLS alone is refused, whatever Node is told (R78)', async () => {
    const env = { NODE_OPTIONS: '--tls-min-v1.0 --tls-cipher-list=ALL:@SECLEVEL=0' };
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    const trust = { INBAND_TLS_CA: known.certPath };
    expect(await meet({ ...env, ...trust }, old)).toMatchObject(UNTRUSTED);
  });

  test('that knows a weak cipher alone is refused, whatever Node is told (R78)', async () => {
    const conf = join(folder, 'openssl.cnf');
    await writeFile(
      conf,
      'nodejs_conf = a\nopenssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nCipherString = ALL:COMPLEMENTOFALL:@SECLEVEL=0\n',
    );
    const env = { NODE_OPTIONS: '--tls-cipher-list=NULL:@SECLEVEL=0', OPENSSL_CONF: conf };
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'NULL:@SECLEVEL=0' } as const;
    const trust = { INBAND_TLS_CA: known.certPath };
    expect(await meet({ ...env, ...trust }, weak)).toMatchObject(UNTRUSTED);
  });

  test('of a CA in SSL_CERT_FILE is trusted, and --verbose says why (R78)', async () => {
    const { isTrusted, stderr } = await meet({ SSL_CERT_FILE: known.certPath });
    expect(isTrusted).toBe(true);
    expect(stderr).toContain(`trusts the CAs of SSL_CERT_FILE=${known.certPath} (1 in all`);
  });

  test('of a CA that only Node knows is not trusted where SSL_CERT_FILE names another (R78)', async () => {
    const other = await createCertificateAuthority(await mkdtemp(join(folder, 'other-')));
    const env = { SSL_CERT_FILE: other.certPath, NODE_EXTRA_CA_CERTS: known.certPath };
    expect(await meet(env)).toMatchObject(UNTRUSTED);
    expect(await meet({ NODE_EXTRA_CA_CERTS: known.certPath })).toMatchObject({ isTrusted: true });
  });
});

/** One that no passwd entry is of. */
const NOBODY_S_UID = 54_321;
const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('a user without a home and an entry in passwd does without settings (R81)', async () => {
  const launcher = fileURLToPath(new URL('../../bin/inband.js', import.meta.url));
  const running = promisify(execFile)(process.execPath, [launcher, 'config'], {
    ...{ cwd: '/', uid: NOBODY_S_UID, gid: NOBODY_S_UID },
    env: { PATH: process.env.PATH },
  });
  expect((await running).stdout).toMatch(/^account +default +-\n/);
});
