import { constants } from 'node:crypto';
import tls from 'node:tls';

/** Which certificates are believed. */
export interface CertificateTrust {
  /** PEM of CAs to trust in place of Node's. */
  roots?: readonly string[] | undefined;
  /** PEM of a CA to trust beside those. */
  ca?: string | undefined;
}

/**
 * All that decides about the security of a connection. Nothing of it is left to the runtime's defaults, which
 * variables of the environment (`NODE_TLS_REJECT_UNAUTHORIZED`, `NODE_OPTIONS`, `OPENSSL_CONF`) can weaken. Of
 * the ciphers this is Node's own list, which no flag changes; level 2 wants 112 bits of each key and hash.
 */
export function tlsSettings({ roots, ca }: CertificateTrust): tls.ConnectionOptions {
  const secureContext = tls.createSecureContext({
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: `${constants.defaultCoreCipherList}:@SECLEVEL=2`,
    ...(roots ? { ca: [...roots] } : {}),
  });
  // Beside Node's own CAs: named in one `ca` they would all be read again, for 30 ms.
  if (ca) secureContext.context.addCACert(ca);
  return {
    secureContext,
    rejectUnauthorized: true,
    checkServerIdentity: tls.checkServerIdentity,
  };
}

/** What a server showed, and the CAs above it. */
export type Chain = tls.DetailedPeerCertificate | undefined;

/** What is wrong with a server's certificate, and what to do: `now` in milliseconds since 1970. */
export function whyNotTrusted(
  error: NodeJS.ErrnoException,
  chain: Chain,
  now: number,
): { why: string; hint: string } {
  switch (error.code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return { why: error.message, hint: 'is it the server of this account?' };
    case 'CERT_HAS_EXPIRED':
      return {
        why: `it expired${dayOf(chain, (one) => Date.parse(one.valid_to) < now && one.valid_to)}`,
        hint: `its owner must renew it, unless the clock here is wrong (${dayText(now)})`,
      };
    case 'CERT_NOT_YET_VALID':
      return {
        why: `it is not valid yet${dayOf(chain, (one) => Date.parse(one.valid_from) > now && one.valid_from)}`,
        hint: `is the clock here right (${dayText(now)})?`,
      };
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return { why: error.message, hint: 'is its CA missing? --tls-ca <file> names one more' };
    default:
      return { why: error.message, hint: 'tell the people who run the server' };
  }
}

/** The day of the first certificate, from the server's own upwards, that the error is about. */
function dayOf(
  chain: Chain,
  find: (certificate: tls.DetailedPeerCertificate) => string | false,
): string {
  for (let one = chain; one; one = one.issuerCertificate) {
    const found = find(one);
    if (found) return `: ${dayText(Date.parse(found))}`;
    if (one.issuerCertificate === one) break;
  }
  return '';
}

const dayText = (time: number): string => new Date(time).toISOString().slice(0, 10);
