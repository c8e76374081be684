import { withHints } from '../hints.js';
import { whyNotTrusted } from '../stream/certificates.js';
import { ServerNotTrusted } from '../stream/connection-errors.js';

/** How OpenSSL and Node call what is wrong with a certificate. */
const OF_CERTIFICATE =
  /^(ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_|PATH_LENGTH|HOSTNAME_)/;

/** `ServerNotTrusted`, if it was the certificate of this host that ended a request. */
export function whyUntrusted(error: NodeJS.ErrnoException, host: string): Error | undefined {
  if (!OF_CERTIFICATE.test(error.code ?? '')) return undefined;
  const { why, hint } = whyNotTrusted(error, undefined, Date.now());
  const message = `the certificate of ${host} is not trusted: ${why}`;
  return withHints(new ServerNotTrusted(message, { cause: error }), hint);
}
