import type { ChannelBinding } from '../stream/channel-binding.js';
import { ServerNotTrusted } from '../stream/connection-errors.js';
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

/** Strongest first. */
const HASHES: [string, Hash][] = [
  ['SCRAM-SHA-512', 'sha512'],
  ['SCRAM-SHA-256', 'sha256'],
  ['SCRAM-SHA-1', 'sha1'],
];

/** What a server offers, and what binds a login to the connection if the server knows that too. */
interface Offer {
  mechanisms: string[];
  binding: ChannelBinding | undefined;
  /** Whether there is a binding of this connection at all. */
  canBind: boolean;
}

/**
 * The best of the mechanisms offered: one that is bound to the connection before any that is not, whatever its hash,
 * and then the strongest hash. PLAIN shows the password to the server, and so is spoken only on request.
 */
export function chooseMechanism(
  offer: Offer,
  credentials: Credentials,
  allowPlain: boolean,
): Mechanism | undefined {
  const { mechanisms } = offer;
  return (
    chooseBound(offer, credentials) ??
    chooseUnbound(offer, credentials) ??
    (allowPlain && mechanisms.includes('PLAIN') ? plain(credentials) : undefined)
  );
}

function chooseBound({ mechanisms, binding }: Offer, credentials: Credentials) {
  if (!binding) return undefined;
  const bound = HASHES.map(([name, hash]) => [`${name}-PLUS`, hash] as const);
  const best = bound.find(([name]) => mechanisms.includes(name));
  if (!best) return undefined;
  const [name, hash] = best;
  const { type, data } = binding;
  return scram(name, new Scram(hash, credentials, { flag: `p=${type}`, data }));
}

function chooseUnbound(offer: Offer, credentials: Credentials) {
  const best = HASHES.find(([name]) => offer.mechanisms.includes(name));
  if (!best) return undefined;
  const [name, hash] = best;
  return scram(name, new Scram(hash, credentials, { flag: unboundFlag(offer) }));
}

/**
 * RFC 5802 §6: `y` makes a server that did offer a binding refuse us, for somebody has taken the offer away. One that
 * offers it of a kind that we do not have must hear `n`, and so must any where we have none.
 */
const unboundFlag = ({ mechanisms, canBind }: Offer): string =>
  canBind && !mechanisms.some((name) => name.endsWith('-PLUS')) ? 'y' : 'n';

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
