type Failure = NodeJS.ErrnoException & { reason?: unknown; address?: string; errors?: Failure[] };

/** What the system and Node have codes for, as their words are for whoever writes programs. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'it cannot be reached',
  EHOSTDOWN: 'it cannot be reached',
  ENETUNREACH: 'no network leads there',
  ENETDOWN: 'the network is down',
  EADDRNOTAVAIL: 'no network leads there',
  ENOTFOUND: 'there is no such name',
  EAI_AGAIN: 'its name cannot be looked up now',
};

/** How OpenSSL writes what went wrong: a number, `error`, a code, the library, the function, the reason, and where. */
const OPENSSL = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*)/;

/** Why the network, or TLS, did not come about, in a few words. */
export function reasonOf(failure: Failure): string {
  const { message, reason, syscall, errors } = failure;
  const code = codeOf(failure);
  // A host with several addresses: each has its own reason, and the whole has none.
  if (errors) return errors.map(ofAddress).join(', ');
  // Node's parser has a reason as well, for whoever writes servers.
  if (code.startsWith('HPE_')) return 'what it answers is no HTTP';
  // OpenSSL puts its own bookkeeping into the message.
  const told = typeof reason === 'string' ? reason : undefined;
  const words = told ?? OPENSSL.exec(message)?.[1] ?? WORDS[code];
  return words ?? (syscall ? `it failed with ${code}` : message);
}

/** That of a DOMException, with which Node aborts, is a number. */
const codeOf = ({ code }: { code?: unknown }): string => (typeof code === 'string' ? code : '');

function ofAddress(failure: Failure): string {
  const { address } = failure;
  return address ? `${address}: ${reasonOf(failure)}` : reasonOf(failure);
}

/** Whether a connection that did not come about would not either at another time: the name does not exist, or TLS is refused. */
export function isForGood(failure: Failure): boolean {
  const { errors } = failure;
  const code = codeOf(failure);
  if (errors) return errors.every(isForGood);
  if (code === 'ENOTFOUND') return true;
  const isOfTls = code.startsWith('ERR_SSL_') || OPENSSL.test(failure.message);
  return isOfTls && !/internal error/.test(reasonOf(failure));
}
