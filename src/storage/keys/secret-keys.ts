import { createHash } from 'node:crypto';
import { shellWord } from '../../shell.js';
import type { Replaced, SecretKeys } from '../../transfer/keys/own-key.js';
import { parseObject } from '../untrusted.js';
import type { KeyFolder } from './key-folder.js';
import { KeysUnusable } from './keys-unusable.js';

/** What tells the names of copies apart. */
const LETTERS = 8;

/** The public key of a secret, as people see it. */
type PublicKeyOf = (secret: Uint8Array) => string;

/**
 * Keeps a key for each own account. The public one is kept beside it, by which damage is noticed, and in a folder of its
 * own, by which it is noticed that one is gone.
 */
export class SecretKeyFiles implements SecretKeys {
  readonly #folder: KeyFolder;
  readonly #publicKeyOf: PublicKeyOf;
  readonly #public: KeyFolder;

  constructor(folder: KeyFolder, publicKeyOf: PublicKeyOf, publicOnes: KeyFolder) {
    this.#folder = folder;
    this.#publicKeyOf = publicKeyOf;
    this.#public = publicOnes;
  }

  async obtain(jid: string, make: (before: string | undefined) => Uint8Array): Promise<Uint8Array> {
    return (await this.#read(jid)) ?? this.#locked(() => this.#make(jid, make));
  }

  has(jid: string): Promise<boolean> {
    return this.#folder.has(jid);
  }

  replace(
    jid: string,
    secret: Uint8Array,
    textOf: (before: Uint8Array) => string,
  ): Promise<Replaced> {
    return this.#locked(async () => {
      const replaced = await this.#keep(jid, secret, textOf);
      await this.#write(jid, secret);
      return replaced;
    });
  }

  /** Keeps what is there, unless it is the same key. Rejects with `KeysUnusable` for what is no file, and so has no copy. */
  async #keep(
    jid: string,
    secret: Uint8Array,
    textOf: (before: Uint8Array) => string,
  ): Promise<Replaced> {
    const published = await this.#published(jid);
    const isAnother = published !== undefined && published.publicKey !== this.#publicKeyOf(secret);
    const there = await this.#folder.readAnyway(jid);
    if (!there) return { wasKnown: isAnother };
    // Somebody else may have put there a key that they know.
    const before = there.isOurs ? this.#secretIn(there.bytes.toString('utf8'), jid) : undefined;
    if (before?.equals(secret)) return { wasKnown: false };
    const [label, content] = before
      ? [this.#publicKeyOf(before).slice(0, LETTERS), textOf(before)]
      : [`unusable-${digestOf(there.bytes).slice(0, LETTERS)}`, there.bytes];
    const path = await this.#folder.writeBeside(jid, label, content);
    const wasKnown = before !== undefined || published === undefined || isAnother;
    return { wasKnown, kept: { path, isWhole: before !== undefined } };
  }

  /** Has both folders before anything is written: to wait for the second one may come to nothing. */
  #locked<T>(job: () => Promise<T>): Promise<T> {
    return this.#folder.locked(() => this.#public.locked(job));
  }

  async #make(jid: string, make: (before: string | undefined) => Uint8Array): Promise<Uint8Array> {
    const made = await this.#read(jid); // by another process, since
    if (made) return made;
    const secret = make((await this.#published(jid))?.publicKey);
    await this.#write(jid, secret);
    return secret;
  }

  async #read(jid: string): Promise<Buffer | undefined> {
    const text = await this.#folder.read(jid);
    return text === undefined ? undefined : this.#parse(text, jid);
  }

  async #write(jid: string, secret: Uint8Array): Promise<void> {
    const secretKey = Buffer.from(secret).toString('base64');
    const record = { jid, publicKey: this.#publicKeyOf(secret) };
    await this.#folder.write(jid, `${JSON.stringify({ ...record, secretKey })}\n`);
    await this.#public.write(jid, `${JSON.stringify(record)}\n`);
  }

  /** The public key of the last one that was there, unless that is damaged; nothing where there was none. */
  async #published(jid: string): Promise<{ publicKey: string | undefined } | undefined> {
    const text = await this.#public.read(jid);
    if (text === undefined) return undefined;
    const { publicKey } = parseObject(text);
    return { publicKey: typeof publicKey === 'string' ? publicKey : undefined };
  }

  /** Nothing for a key of another account, or one that does not fit its public key. */
  #secretIn(text: string, jid: string): Buffer | undefined {
    const { jid: named, secretKey, publicKey } = parseObject(text);
    const secret = Buffer.from(typeof secretKey === 'string' ? secretKey : '', 'base64');
    const isWhole = secret.length === 32 && this.#publicKeyOf(secret) === publicKey;
    return named === jid && isWhole ? secret : undefined;
  }

  /** The same; throws `KeysUnusable`. */
  #parse(text: string, jid: string): Buffer {
    const secret = this.#secretIn(text, jid);
    if (secret) return secret;
    throw new KeysUnusable(
      `the key of ${jid} is damaged (${this.#folder.pathOf(jid)})`,
      `import it from a copy: inband key import -a ${shellWord(jid)} <file>`,
      `or make another: inband key replace -a ${shellWord(jid)}`,
    );
  }
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
