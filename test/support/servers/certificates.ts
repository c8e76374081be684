import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface CertificateAuthority {
  readonly certPath: string;
  /** The CA's certificate. */
  readonly pem: string;
  /** A certificate for a host name or an IP address, and others, with its key, in files named after the first. */
  issue(name: string, ...others: string[]): Promise<{ certPath: string; keyPath: string }>;
  /** The same, good from and until these days (`20200101`). */
  issueFor(
    name: string,
    from: string,
    until: string,
  ): Promise<{ certPath: string; keyPath: string }>;
}

const run = promisify(execFile);
const VALID_DAYS = '30';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes a CA that nobody else trusts; all its files go into `directory`. */
export async function createCertificateAuthority(directory: string): Promise<CertificateAuthority> {
  const certPath = join(directory, 'ca.crt');
  const caKeyPath = join(directory, 'ca.key');
  await run('openssl', [
    ...['req', '-x509', ...NEW_KEY, '-days', VALID_DAYS, '-subj', '/CN=inband test CA'],
    ...['-addext', 'keyUsage=critical,keyCertSign', '-keyout', caKeyPath, '-out', certPath],
  ]);
  return {
    certPath,
    pem: await readFile(certPath, 'utf8'),
    issue: async (name, ...others) => {
      const issued = {
        certPath: join(directory, `${name}.crt`),
        keyPath: join(directory, `${name}.key`),
      };
      await run('openssl', [
        ...['req', '-x509', ...NEW_KEY, '-days', VALID_DAYS, '-subj', `/CN=${name}`],
        ...['-CA', certPath, '-CAkey', caKeyPath, '-addext', 'basicConstraints=critical,CA:FALSE'],
        ...['-addext', `subjectAltName=${[name, ...others].map(alternative).join(',')}`],
        ...['-keyout', issued.keyPath, '-out', issued.certPath],
      ]);
      return issued;
    },
    issueFor: (name, from, until) => issueFor(directory, name, from, until),
  };
}

const alternative = (name: string): string => `${isIP(name) ? 'IP' : 'DNS'}:${name}`;

const SIGNING = `[ca]
default_ca = own
[own]
rand_serial = yes
default_md = sha256
policy = own_policy
copy_extensions = copy
[own_policy]
commonName = supplied
`;

/** `openssl req` knows no dates. */
async function issueFor(directory: string, name: string, from: string, until: string) {
  const path = (end: string) => join(directory, `${name}-${from}.${end}`);
  const issued = { certPath: path('crt'), keyPath: path('key') };
  await run('openssl', [
    ...['req', '-new', ...NEW_KEY, '-subj', `/CN=${name}`, '-out', path('csr')],
    ...['-addext', `subjectAltName=DNS:${name}`, '-keyout', issued.keyPath],
  ]);
  await writeFile(
    path('cnf'),
    `${SIGNING}[own]\ndatabase = ${path('db')}\nnew_certs_dir = ${directory}\n`,
  );
  await writeFile(path('db'), '');
  await run('openssl', [
    ...['ca', '-batch', '-notext', '-config', path('cnf')],
    ...['-cert', join(directory, 'ca.crt'), '-keyfile', join(directory, 'ca.key')],
    ...['-startdate', `${from}000000Z`, '-enddate', `${until}000000Z`],
    ...['-in', path('csr'), '-out', issued.certPath],
  ]);
  return issued;
}
