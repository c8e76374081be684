import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { withHints } from '../hints.js';
import {
  type CertificateTrust,
  type Chain,
  tlsSettings,
  whyNotTrusted,
} from '../stream/certificates.js';
import { ServerNotTrusted } from '../stream/connection-errors.js';
import { asciiHost } from './literal.js';

interface SecureOptions extends CertificateTrust {
  /** The certificate must name one of them; the first of them that is no address is asked for (SNI). */
  names: readonly string[];
  /** What is to be spoken within (RFC 7301), where a port may speak several protocols. */
  protocol: string | undefined;
  signal: AbortSignal;
}

/** TLS on a connection. Rejects with `ServerNotTrusted`, with the network's error, or the signal's reason. */
export async function secure(
  socket: net.Socket,
  { names, protocol, signal, ca, roots }: SecureOptions,
): Promise<tls.TLSSocket> {
  // Two names of the same host are told of as one.
  const named = new Map(names.map((name) => [asciiHost(name), name]));
  const hosts = [...named.keys()];
  // SNI takes no addresses (RFC 6066 §3).
  const servername = hosts.find((host) => !net.isIP(host));
  const secured = tls.connect({
    socket,
    ...(servername ? { servername } : {}),
    ...(protocol ? { ALPNProtocols: [protocol] } : {}),
    ...tlsSettings({ ca, roots }),
    checkServerIdentity: (_servername, certificate) => whyForNone(hosts, certificate),
  });
  let chain: Chain;
  // Before Node looks at it: when it is refused, it cannot be asked for any more.
  secured.prependOnceListener('secure', () => {
    chain = secured.getPeerCertificate(true);
  });
  try {
    await once(secured, 'secureConnect', { signal });
  } catch (error) {
    secured.destroy();
    if (signal.aborted || !isOfCertificate(error as Error)) throw error;
    const { why, hint } = whyNotTrusted(error as Error, chain, Date.now());
    const wanted = [...named.values()].join(' or ');
    const message = `the server's certificate is not trusted for ${wanted}: ${why}`;
    throw withHints(new ServerNotTrusted(message, { cause: error }), hint);
  }
  return secured;
}

/** Whether the certificate of a server names this host. */
export const namesHost = (socket: tls.TLSSocket, name: string): boolean =>
  whyForNone([asciiHost(name)], socket.getPeerCertificate()) === undefined;

/** Why a certificate names none of these; `undefined` where it names one. */
function whyForNone(hosts: string[], certificate: tls.PeerCertificate): Error | undefined {
  const errors = hosts.map((host) => tls.checkServerIdentity(host, certificate));
  return errors.includes(undefined) ? undefined : errors[0];
}

/** Otherwise the network failed, or what answers does not speak TLS. */
const isOfCertificate = ({ code = '', syscall }: NodeJS.ErrnoException): boolean =>
  syscall === undefined && !/^(ECONNRESET|ERR_SSL_)/.test(code);
