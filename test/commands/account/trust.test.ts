import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readTrust as readTrustIn } from '../../../src/commands/account/trust.js';
import { UsageError } from '../../../src/commands/context.js';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../support/servers/certificates.js';

let folder: string;
let one: CertificateAuthority;
let other: CertificateAuthority;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-trust-'));
  one = await createCertificateAuthority(await mkdtemp(join(folder, 'one-')));
  other = await createCertificateAuthority(await mkdtemp(join(folder, 'other-')));
});

afterAll(() => rm(folder, { recursive: true }));

const pems = (roots: readonly string[] | undefined) => roots?.map((pem) => `${pem}\n`);

const readTrust = (tlsCa: string | undefined, env: NodeJS.ProcessEnv) =>
  readTrustIn(tlsCa, { env, signal: new AbortController().signal });

test('without a variable the CAs are those of Node, and that of --tls-ca', async () => {
  expect(await readTrust(undefined, { SSL_CERT_FILE: '', SSL_CERT_DIR: '' })).toEqual({
    source: `of Node ${process.versions.node}`,
  });
  const trust = await readTrust(one.certPath, { NODE_EXTRA_CA_CERTS: '/extra.pem' });
  expect(trust).toEqual({
    ca: one.pem.trim(),
    source: `of --tls-ca ${one.certPath}, and of Node ${process.versions.node}, and of NODE_EXTRA_CA_CERTS=/extra.pem`,
  });
});

test('a flag that has Node read the list of OpenSSL is named', async () => {
  const { source } = await readTrust(undefined, { NODE_OPTIONS: '--use-openssl-ca' });
  expect(source).toContain('(--use-openssl-ca)');
});

test('SSL_CERT_FILE replaces the CAs of Node by all that are in it (R78)', async () => {
  const bundle = join(folder, 'bundle.pem');
  await writeFile(bundle, `# one\n${one.pem}\n# two\r\n${other.pem}`);
  const { roots, source } = await readTrust(undefined, { SSL_CERT_FILE: bundle });
  expect(pems(roots)).toEqual([one.pem, other.pem]);
  expect(source).toBe(`of SSL_CERT_FILE=${bundle} (2 in all, in place of Node's)`);
});

test('of SSL_CERT_DIR count the hashed names, or else all files with a certificate (R78)', async () => {
  const hashed = join(folder, 'hashed');
  const plain = join(folder, 'plain');
  for (const made of [hashed, plain, join(plain, 'sub')]) await mkdir(made);
  await symlink(one.certPath, join(hashed, '0123abcd.0'));
  await writeFile(join(hashed, 'not-hashed.pem'), other.pem);
  await symlink('/nothing/there', join(hashed, '0123abcd.1'));
  await writeFile(join(plain, 'a.crt'), other.pem);
  await writeFile(join(plain, 'README'), 'no certificate');
  const in1 = await readTrust(undefined, { SSL_CERT_DIR: hashed });
  expect(pems(in1.roots)).toEqual([one.pem]);
  const both = await readTrust(undefined, { SSL_CERT_DIR: [hashed, plain].join(delimiter) });
  expect(pems(both.roots)).toEqual([one.pem, other.pem]);
});

test('a variable that names no CA is no reason to trust those of Node (R78)', async () => {
  const env = { SSL_CERT_FILE: join(folder, 'absent'), SSL_CERT_DIR: '/nothing/there' };
  await expect(readTrust(undefined, env)).rejects.toThrow(UsageError);
  const refused = readTrust(undefined, env);
  await expect(refused).rejects.toThrow(
    /^no CA is in SSL_CERT_FILE=\S+ or SSL_CERT_DIR=\S+, which replace those of Node$/,
  );
  await expect(refused).rejects.toMatchObject({ hints: ['correct them, or unset them'] });
  expect(await readTrust(one.certPath, env)).toMatchObject({ ca: one.pem.trim(), roots: [] });
});
