import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { hashOfCertificate } from '../../../src/session/stream/certificate-hash.js';

/** A certificate in DER, with a key of this kind and a signature of this one. */
function certificate(key: string[], ...signature: string[]): Buffer {
  const pem = execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', '-subj', '/CN=x', '-keyout', '/dev/null', ...key, ...signature],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return new X509Certificate(pem).raw;
}

const RSA = ['-newkey', 'rsa:2048'];
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

// RFC 5929 §4.1
test.each([
  ['RSA with MD5', RSA, '-md5', 'sha256'],
  ['RSA with SHA-1', RSA, '-sha1', 'sha256'],
  ['RSA with SHA-224', RSA, '-sha224', 'sha224'],
  ['RSA with SHA-256', RSA, '-sha256', 'sha256'],
  ['RSA with SHA-384', RSA, '-sha384', 'sha384'],
  ['RSA with SHA-512', RSA, '-sha512', 'sha512'],
  ['ECDSA with SHA-1', EC, '-sha1', 'sha256'],
  ['ECDSA with SHA-224', EC, '-sha224', 'sha224'],
  ['ECDSA with SHA-256', EC, '-sha256', 'sha256'],
  ['ECDSA with SHA-384', EC, '-sha384', 'sha384'],
  ['ECDSA with SHA-512', EC, '-sha512', 'sha512'],
])('a certificate signed by %s is hashed as RFC 5929 says (R103)', (_, key, digest, hash) => {
  const der = certificate(key, digest);
  expect(hashOfCertificate(der)).toEqual(createHash(hash).update(der).digest());
});

test.each([
  ['Ed25519', ['-newkey', 'ed25519'], []],
  ['RSASSA-PSS', RSA, ['-sha256', '-sigopt', 'rsa_padding_mode:pss']],
])('a certificate signed by %s has no hash that could be known', (_, key, signature) => {
  expect(hashOfCertificate(certificate(key, ...signature))).toBeUndefined();
});

test('what is no certificate, or is cut short, has no hash', () => {
  const der = certificate(EC, '-sha256');
  expect(hashOfCertificate(Buffer.alloc(0))).toBeUndefined();
  expect(hashOfCertificate(Buffer.from('no certificate'))).toBeUndefined();
  expect(hashOfCertificate(der.subarray(0, 3))).toBeUndefined();
  expect(hashOfCertificate(der.subarray(0, 200))).toBeUndefined();
});
