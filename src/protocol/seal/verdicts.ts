// What the recipient of a sealed file says of it. docs/seal.md, "Verdicts".
import type { CipherState } from '../noise/cipher-state.js';
import { pad, unpad } from './padding.js';
import { opening, SealBroken } from './seal-broken.js';

/** `sha256`: 32 bytes. `condition`: of a Jingle reason, as `media-error`. */
export type SealedVerdict =
  | { said: 'received'; sha256: Buffer }
  | { said: 'failed'; condition: string };

/** A verdict is as long as any other, by which nobody in between can tell them apart. */
const VERDICT_BYTES = 256;
const RECEIVED = /^received ([0-9a-f]{64})$/;
/** A success is no failure. */
const FAILED = /^failed (?!success$)([a-z-]{1,64})$/;
const NO_DATA = Buffer.alloc(0);

/** Throws RangeError for a hash or a condition that cannot be one. */
export function verdictBytes(verdict: SealedVerdict): Buffer {
  const text =
    verdict.said === 'received'
      ? `received ${verdict.sha256.toString('hex')}`
      : `failed ${verdict.condition}`;
  if (!RECEIVED.test(text) && !FAILED.test(text)) throw new RangeError(`no verdict: ${text}`);
  return pad(text, VERDICT_BYTES);
}

/** Throws `SealBroken`. */
export function readVerdict(bytes: Uint8Array): SealedVerdict {
  if (bytes.length !== VERDICT_BYTES) throw new SealBroken();
  const text = unpad(bytes);
  const [, hash] = RECEIVED.exec(text) ?? [];
  if (hash) return { said: 'received', sha256: Buffer.from(hash, 'hex') };
  const [, condition] = FAILED.exec(text) ?? [];
  if (condition) return { said: 'failed', condition };
  throw new SealBroken();
}

/** The verdicts of one file, with the key of what the responder sends. */
export class Verdicts {
  readonly #key: CipherState;
  #last: { message: Buffer; verdict: SealedVerdict } | undefined;

  constructor(key: CipherState) {
    this.#key = key;
  }

  /** As the recipient. A stanza that is sent again has the same bytes again: they are not to be sealed anew. */
  seal(verdict: SealedVerdict): Buffer {
    return this.#key.encryptWithAd(NO_DATA, verdictBytes(verdict));
  }

  /** As the sender. Throws `SealBroken`; the last one that was opened may come again. */
  open(message: Uint8Array): SealedVerdict {
    if (this.#last?.message.equals(message)) return this.#last.verdict;
    const verdict = readVerdict(opening(() => this.#key.decryptWithAd(NO_DATA, message)));
    this.#last = { message: Buffer.from(message), verdict };
    return verdict;
  }
}
