// Noise_IK_25519_ChaChaPoly_SHA256, by https://noiseprotocol.org/noise.html, revision 34, whose names are kept and whose
// sections are meant by §. Only what this protocol needs is here: one pattern, no pre-shared keys, no rekeying.
import { type CipherState, MOST_OF_MESSAGE, TAG_LENGTH } from './cipher-state.js';
import { DHLEN, dh, generateKeyPair, type KeyPair } from './dh25519.js';
import { NoiseFailure } from './noise-failure.js';
import { SymmetricState } from './symmetric-state.js';

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss';

const PROTOCOL_NAME = 'Noise_IK_25519_ChaChaPoly_SHA256';

/** §7.5: the initiator knows the responder's key; its first message has its own. */
const IK: readonly (readonly Token[])[] = [
  ['e', 'es', 's', 'ss'],
  ['e', 'ee', 'se'],
];

interface HandshakeOptions {
  /** What both parties have to agree on, byte for byte, though neither sends it. */
  prologue: Uint8Array;
  /** Own, and lasting. */
  s: KeyPair;
  /** The responder's key, where we are the initiator. */
  rs?: Uint8Array;
  /** The ephemeral pair of this handshake alone. Default: a new one, as it has to be; vectors give theirs. */
  e?: KeyPair;
}

/**
 * A handshake of two messages (§5.3): the initiator writes the first one and reads the second, the responder the other
 * way round. One that has failed is over.
 */
export class HandshakeState {
  readonly #symmetric = new SymmetricState(PROTOCOL_NAME);
  readonly #isInitiator: boolean;
  readonly #s: KeyPair;
  readonly #e: KeyPair;
  #rs: Uint8Array | undefined;
  #re: Uint8Array | undefined;
  /** How many messages were written or read; Infinity where there may be no other. */
  #messages = 0;

  constructor(role: 'initiator' | 'responder', options: HandshakeOptions) {
    const { prologue, s, rs, e = generateKeyPair() } = options;
    this.#isInitiator = role === 'initiator';
    const preMessage = this.#isInitiator ? rs : s.publicKey;
    if (preMessage?.length !== DHLEN) throw new RangeError(`a public key has ${DHLEN} bytes`);
    this.#s = s;
    this.#e = e;
    if (this.#isInitiator) this.#rs = preMessage;
    this.#symmetric.mixHash(prologue);
    this.#symmetric.mixHash(preMessage);
  }

  /** The other party's lasting key, 32 bytes; the responder knows it from the first message that it has read. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#rs;
  }

  /** Throws RangeError for a payload that does not fit, and `NoiseFailure` for the other party's keys. */
  writeMessage(payload: Uint8Array): Buffer {
    return this.#take(this.#isInitiator ? 0 : 1, (tokens) => {
      const parts = tokens.flatMap((token) => this.#write(token));
      parts.push(this.#symmetric.encryptAndHash(payload));
      const message = Buffer.concat(parts);
      if (message.length > MOST_OF_MESSAGE)
        throw new RangeError(`the message is longer than ${MOST_OF_MESSAGE} bytes`);
      return message;
    });
  }

  /** Returns the payload. Throws `NoiseFailure`. */
  readMessage(message: Uint8Array): Buffer {
    return this.#take(this.#isInitiator ? 1 : 0, (tokens) => {
      if (message.length > MOST_OF_MESSAGE) throw new NoiseFailure();
      const rest = tokens.reduce((left, token) => this.#read(token, left), message);
      return Buffer.from(this.#symmetric.decryptAndHash(rest));
    });
  }

  /** The keys of the initiator's messages and of the responder's; once, after the second message. */
  split(): [initiators: CipherState, responders: CipherState] {
    if (this.#messages !== IK.length) throw outOfTurn();
    this.#messages = Number.POSITIVE_INFINITY;
    return this.#symmetric.split();
  }

  #take<T>(turn: number, act: (tokens: readonly Token[]) => T): T {
    const tokens = IK[turn];
    if (this.#messages !== turn || !tokens) throw outOfTurn();
    this.#messages = Number.POSITIVE_INFINITY;
    const done = act(tokens);
    this.#messages = turn + 1;
    return done;
  }

  #write(token: Token): Uint8Array[] {
    if (token === 'e') {
      this.#symmetric.mixHash(this.#e.publicKey);
      return [this.#e.publicKey];
    }
    if (token === 's') return [this.#symmetric.encryptAndHash(this.#s.publicKey)];
    this.#mixDh(token);
    return [];
  }

  /** Returns what is left of the message. */
  #read(token: Token, message: Uint8Array): Uint8Array {
    if (token === 'e') {
      this.#re = bytesOf(message, DHLEN);
      this.#symmetric.mixHash(this.#re);
      return message.subarray(DHLEN);
    }
    if (token === 's') {
      this.#rs = this.#symmetric.decryptAndHash(bytesOf(message, DHLEN + TAG_LENGTH));
      return message.subarray(DHLEN + TAG_LENGTH);
    }
    this.#mixDh(token);
    return message;
  }

  /** The first letter of a token is the initiator's key, the second the responder's. */
  #mixDh(token: Token): void {
    const [ours, theirs] = this.#isInitiator ? token : [...token].reverse();
    const remote = theirs === 'e' ? this.#re : this.#rs;
    if (!remote) throw outOfTurn();
    this.#symmetric.mixKey(dh(ours === 'e' ? this.#e : this.#s, remote));
  }
}

/** A copy: what a message is in may be used anew. */
function bytesOf(message: Uint8Array, length: number): Uint8Array {
  if (message.length < length) throw new NoiseFailure();
  return Uint8Array.from(message.subarray(0, length));
}

function outOfTurn(): Error {
  return new Error('the handshake is over, or it is the other party that has to go on');
}
