type Failure = NodeJS.ErrnoException & { reason?: string; errors?: Failure[] };

/** How OpenSSL writes what went wrong: a number, `error`, a code, the library, the function, the reason, and where. */
const OPENSSL = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*)/;

/** Why the network, or TLS, did not come about, in a few words. */
export function reasonOf({ message, reason, errors }: Failure): string {
  // A host with several addresses: each has its own reason, and the whole has none.
  if (errors) return errors.map(reasonOf).join(', ');
  // OpenSSL puts its own bookkeeping into the message.
  return reason ?? OPENSSL.exec(message)?.[1] ?? message;
}

/** Whether a connection that did not come about would not either at another time: the name does not exist, or TLS is refused. */
export function isForGood(failure: Failure): boolean {
  const { code = '', errors } = failure;
  if (errors) return errors.every(isForGood);
  if (code === 'ENOTFOUND') return true;
  const isOfTls = code.startsWith('ERR_SSL_') || OPENSSL.test(failure.message);
  return isOfTls && !/internal error/.test(reasonOf(failure));
}
