import { createHash } from 'node:crypto';

/** The signature algorithms of certificates that have one hash, as DER, in hexadecimal; RFC 5929 §4.1. */
const HASHES: Record<string, string> = {
  // RSA, PKCS #1 v1.5 (RFC 8017 §A.2.4). In place of MD5 and SHA-1 stands SHA-256.
  '2a864886f70d010104': 'sha256',
  '2a864886f70d010105': 'sha256',
  '2a864886f70d01010e': 'sha224',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  // ECDSA (RFC 5758 §3.2), with SHA-1 too
  '2a8648ce3d0401': 'sha256',
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;

/**
 * What `tls-server-end-point` (RFC 5929 §4.1) is of a certificate in DER. None for those that are signed without
 * a hash (Ed25519), or with one that only the parameters name (RSASSA-PSS).
 */
export function hashOfCertificate(certificate: Buffer): Buffer | undefined {
  const hash = HASHES[signatureAlgorithm(certificate)?.toString('hex') ?? ''];
  return hash === undefined ? undefined : createHash(hash).update(certificate).digest();
}

/** RFC 5280 §4.1: SEQUENCE { tbsCertificate, SEQUENCE { algorithm, … }, … }. */
function signatureAlgorithm(certificate: Buffer): Buffer | undefined {
  const whole = read(certificate, SEQUENCE);
  const signed = whole && read(whole.content, SEQUENCE);
  const algorithm = signed && read(signed.rest, SEQUENCE);
  return algorithm && read(algorithm.content, OBJECT_IDENTIFIER)?.content;
}

/** The first value of some DER, if it has this tag, and what follows it. */
function read(der: Buffer, tag: number): { content: Buffer; rest: Buffer } | undefined {
  const [found, first = 0] = der;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  // A certificate has no 4 GiB.
  if (found !== tag || lengthBytes > 4 || der.length < 2 + lengthBytes) return undefined;
  const length = lengthBytes === 0 ? first : der.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  return { content: der.subarray(start, start + length), rest: der.subarray(start + length) };
}
