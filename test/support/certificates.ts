import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface CertificateAuthority {
  readonly certPath: string;
  /** The CA's certificate. */
  readonly pem: string;
  /** A certificate for a host name or an IP address, with its key, in files named after it. */
  issue(name: string): Promise<{ certPath: string; keyPath: string }>;
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
    issue: async (name) => {
      const issued = {
        certPath: join(directory, `${name}.crt`),
        keyPath: join(directory, `${name}.key`),
      };
      await run('openssl', [
        ...['req', '-x509', ...NEW_KEY, '-days', VALID_DAYS, '-subj', `/CN=${name}`],
        ...['-CA', certPath, '-CAkey', caKeyPath, '-addext', 'basicConstraints=critical,CA:FALSE'],
        ...['-addext', `subjectAltName=${isIP(name) ? 'IP' : 'DNS'}:${name}`],
        ...['-keyout', issued.keyPath, '-out', issued.certPath],
      ]);
      return issued;
    },
  };
}
