import { X509Certificate } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { CertificateTrust } from '../../session/stream/certificates.js';
import { readText } from '../../transfer/sources/pipes.js';
import { type Context, UsageError } from '../context.js';

/** How OpenSSL finds a CA in a folder: the hash of its name (`openssl rehash`). */
const HASHED = /^[0-9a-f]{8}\.\d+$/;

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The CAs to trust: those of `SSL_CERT_FILE` and `SSL_CERT_DIR` in place of Node's, as with OpenSSL, and that of
 * `--tls-ca` beside them. `source` says in words which these are. Throws `UsageError` where there would be none.
 */
export async function readTrust(
  tlsCa: string | undefined,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<CertificateTrust & { source: string }> {
  const ca = tlsCa ? await readCa(tlsCa, signal) : undefined;
  const own = tlsCa ? [`of --tls-ca ${tlsCa}`] : [];
  const named = [
    ...(env.SSL_CERT_FILE ? [`SSL_CERT_FILE=${env.SSL_CERT_FILE}`] : []),
    ...(env.SSL_CERT_DIR ? [`SSL_CERT_DIR=${env.SSL_CERT_DIR}`] : []),
  ];
  if (named.length === 0) return { ca, source: [...own, ...ofNode(env)].join(', and ') };
  const roots = await readRoots(env, signal);
  if (roots.length === 0 && !ca) {
    throw new UsageError(
      `no CA is in ${named.join(' or ')}, which replace those of Node`,
      'correct them, or unset them',
    );
  }
  const counted = named.map((one) => `of ${one}`).join(', and ');
  const source = [...own, `${counted} (${roots.length} in all, in place of Node's)`].join(', and ');
  return { ca, roots, source };
}

async function readCa(path: string, signal: AbortSignal): Promise<string> {
  const cas = pemsIn(await readText(path, signal)).filter(isCertificate);
  if (cas.length > 0) return cas.join('\n');
  throw new UsageError(
    `${path} holds no certificate in PEM format`,
    'one begins with -----BEGIN CERTIFICATE-----',
  );
}

async function readRoots(
  { SSL_CERT_FILE, SSL_CERT_DIR = '' }: NodeJS.ProcessEnv,
  signal: AbortSignal,
) {
  const paths = SSL_CERT_FILE ? [SSL_CERT_FILE] : [];
  for (const folder of SSL_CERT_DIR.split(delimiter)) {
    if (folder) paths.push(...(await filesIn(folder)));
  }
  // Both variables often name the same CAs, and it is reading them as certificates that takes its time.
  const pems = new Set<string>();
  // What cannot be read says nothing of the others, as with OpenSSL: some systems name what is not there.
  for (const path of paths) {
    const pem = await readText(path, signal).catch(() => '');
    signal.throwIfAborted();
    for (const one of pemsIn(pem)) pems.add(one);
  }
  return [...pems].filter(isCertificate);
}

async function filesIn(folder: string): Promise<string[]> {
  // As with files: some systems name a folder that is not there.
  const names = await readdir(folder).catch(() => []);
  const hashed = names.filter((name) => HASHED.test(name));
  return (hashed.length > 0 ? hashed : names).map((name) => join(folder, name));
}

function ofNode(env: NodeJS.ProcessEnv): string[] {
  const flags = [...process.execArgv, env.NODE_OPTIONS ?? ''].join(' ');
  const [flag] = /--use-(openssl|system)-ca\b/.exec(flags) ?? [];
  const extra = env.NODE_EXTRA_CA_CERTS;
  return [
    `of Node ${process.versions.node}${flag ? ` (${flag})` : ''}`,
    ...(extra ? [`of NODE_EXTRA_CA_CERTS=${extra}`] : []),
  ];
}

const pemsIn = (text: string): string[] => text.match(PEM) ?? [];

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
