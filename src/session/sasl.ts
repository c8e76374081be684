import { ServerNotTrusted } from './dial.js';
import { type Hash, Scram } from './scram.js';

/** The server refuses the account or the password. Trying again would only lock the account. */
export class NotAuthorized extends Error {
  override readonly name = 'NotAuthorized';
}

export interface Credentials {
  username: string;
  password: string;
}

/** The client's side of a SASL mechanism; all that we speak begin with the client (RFC 4422 §5, 2a). */
export interface Mechanism {
  readonly name: string;
  /** The next message to the server. */
  respond(): Promise<string>;
  challenge(text: string): void;
  /** Takes what came with `<success/>`. Throws `ServerNotTrusted` when the server has proved nothing. */
  succeed(text: string): void;
}

/** The mechanisms we speak, best first. PLAIN shows the password to the server: only on request. */
export function mechanisms(allowPlain: boolean): string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-1', ...(allowPlain ? ['PLAIN'] : [])];
}

export function createMechanism(name: string, credentials: Credentials): Mechanism {
  const hashes: Record<string, Hash> = { 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-1': 'sha1' };
  const hash = hashes[name];
  return hash ? scram(name, new Scram(hash, credentials)) : plain(credentials);
}

/** RFC 4616. */
function plain({ username, password }: Credentials): Mechanism {
  return {
    name: 'PLAIN',
    respond: async () => `\0${username}\0${password}`,
    challenge: () => {
      throw new ServerNotTrusted('the server sent a challenge where PLAIN has none');
    },
    succeed: () => undefined, // proves nothing by design; the certificate vouches for the server
  };
}

/** The server's final message comes with `<success/>`, or as a last challenge (RFC 6120 §6.4.6). */
function scram(name: string, exchange: Scram): Mechanism {
  return {
    name,
    respond: () => exchange.next(),
    challenge: (text) => exchange.receive(text),
    succeed: (text) => {
      if (text) exchange.receive(text);
      if (!exchange.verified) {
        throw new ServerNotTrusted('the server did not prove that it knows the password');
      }
    },
  };
}
