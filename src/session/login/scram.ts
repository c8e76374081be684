import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { ServerNotTrusted } from '../stream/connection-errors.js';

export type Hash = 'sha1' | 'sha256' | 'sha512';

/** RFC 7677 §4 and RFC 5802 §5.1: fewer make a stolen exchange cheap to guess from. */
const MIN_ITERATIONS = 4096;
/** Some seconds of our processor; more is an attack on it. */
const MAX_ITERATIONS = 5_000_000;

const derive = promisify(pbkdf2);

/** How SCRAM is bound to the connection (RFC 5802 §6). */
interface Binding {
  /** `n`: not; `y`: it would be, but the server offers none; or `p=` and the type. */
  flag: string;
  data?: Buffer | undefined;
}

/** The client's side of SCRAM (RFC 5802, RFC 7677). */
export class Scram {
  readonly #hash: Hash;
  readonly #password: string;
  readonly #nonce = randomBytes(18).toString('base64');
  readonly #gs2Header: string;
  readonly #channel: Buffer;
  readonly #clientFirstBare: string;
  #serverFirst = '';
  #serverSignature: Buffer | undefined;
  #verified = false;

  constructor(
    hash: Hash,
    { username, password }: { username: string; password: string },
    { flag, data = Buffer.alloc(0) }: Binding = { flag: 'n' },
  ) {
    this.#hash = hash;
    this.#gs2Header = `${flag},,`;
    this.#channel = data;
    this.#password = saslPrep(password);
    const name = saslPrep(username).replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#clientFirstBare = `n=${name},r=${this.#nonce}`;
  }

  /** The server has shown that it knows the password. */
  get verified(): boolean {
    return this.#verified;
  }

  /** The next message to send: client-first, client-final, then empty ones. */
  async next(): Promise<string> {
    if (this.#verified) return '';
    return this.#serverFirst ? this.#clientFinal() : `${this.#gs2Header}${this.#clientFirstBare}`;
  }

  /** Takes server-first, then server-final. Throws `ServerNotTrusted`. */
  receive(message: string): void {
    if (!this.#serverFirst) this.#serverFirst = message;
    else this.#verify(message);
  }

  async #clientFinal(): Promise<string> {
    const { nonce, salt, iterations } = readServerFirst(this.#serverFirst, this.#nonce);
    const length = createHash(this.#hash).digest().length;
    const salted = await derive(this.#password, salt, iterations, length, this.#hash);
    const clientKey = this.#hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const channel = Buffer.concat([Buffer.from(this.#gs2Header), this.#channel]);
    const withoutProof = `c=${channel.toString('base64')},r=${nonce}`;
    const signed = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    const clientSignature = this.#hmac(storedKey, signed);
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), signed);
    const proof = clientKey.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
  }

  #verify(serverFinal: string): void {
    const signature = Buffer.from(attribute(serverFinal, 'v'), 'base64');
    const expected = this.#serverSignature;
    if (signature.length !== expected?.length || !timingSafeEqual(signature, expected)) {
      throw new ServerNotTrusted('the server does not know the password that it asked for');
    }
    this.#verified = true;
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}

function readServerFirst(message: string, ours: string) {
  const nonce = attribute(message, 'r');
  const salt = Buffer.from(attribute(message, 's'), 'base64');
  const iterations = Number(attribute(message, 'i'));
  // §5.1: whoever does not know an extension that is demanded must not go on.
  if (/^m=/.test(message)) throw new ServerNotTrusted('the server demands an extension of SCRAM');
  if (!nonce.startsWith(ours) || nonce.length === ours.length) {
    throw new ServerNotTrusted('the server answered a login that is not ours (SCRAM nonce)');
  }
  const safe = iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS;
  if (!safe || !Number.isInteger(iterations) || salt.length === 0) {
    throw new ServerNotTrusted(
      `the server asks for a SCRAM login with ${iterations} iterations; ${MIN_ITERATIONS} to ${MAX_ITERATIONS} are safe`,
    );
  }
  return { nonce, salt, iterations };
}

/** The value of `name=value` in a comma-separated message; empty where it is missing. */
function attribute(message: string, name: string): string {
  const field = message.split(',').find((part) => part.startsWith(`${name}=`));
  return field?.slice(name.length + 1) ?? '';
}

/** SASLprep (RFC 4013 §2.1, §2.2); what it prohibits is left to the server to refuse. */
function saslPrep(text: string): string {
  return text
    .replace(/\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]|[\u00ad\u1806\u200b-\u200d\u2060\ufeff]/g, '')
    .replace(/[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, ' ')
    .normalize('NFKC');
}
