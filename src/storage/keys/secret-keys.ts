import { shellWord } from '../../shell.js';
import type { SecretKeys } from '../../transfer/keys/own-key.js';
import { parseObject } from '../untrusted.js';
import type { KeyFolder } from './key-folder.js';
import { KeysUnusable } from './keys-unusable.js';

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

  replace(
    jid: string,
    secret: Uint8Array,
    textOf: (before: Uint8Array) => string,
  ): Promise<string | undefined> {
    return this.#locked(async () => {
      // What is damaged is to be replaced, too.
      const before = await this.#read(jid).catch((error) => {
        if (error instanceof KeysUnusable) return undefined;
        throw error;
      });
      const isOther = before !== undefined && !before.equals(secret);
      const kept = isOther
        ? await this.#folder.writeBeside(jid, this.#publicKeyOf(before), textOf(before))
        : undefined;
      await this.#write(jid, secret);
      return kept;
    });
  }

  /** Has both folders before anything is written: to wait for the second one may come to nothing. */
  #locked<T>(job: () => Promise<T>): Promise<T> {
    return this.#folder.locked(() => this.#public.locked(job));
  }

  async #make(jid: string, make: (before: string | undefined) => Uint8Array): Promise<Uint8Array> {
    const made = await this.#read(jid); // by another process, since
    if (made) return made;
    const secret = make(await this.#before(jid));
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

  /** What cannot be read says nothing of it. */
  async #before(jid: string): Promise<string | undefined> {
    const { publicKey } = parseObject((await this.#public.read(jid)) ?? '{}');
    return typeof publicKey === 'string' ? publicKey : undefined;
  }

  /** Throws `KeysUnusable` for a key of another account, or one that does not fit its public key. */
  #parse(text: string, jid: string): Buffer {
    const { jid: named, secretKey, publicKey } = parseObject(text);
    const secret = Buffer.from(typeof secretKey === 'string' ? secretKey : '', 'base64');
    const isWhole = secret.length === 32 && this.#publicKeyOf(secret) === publicKey;
    if (named === jid && isWhole) return secret;
    throw new KeysUnusable(
      `the key of ${jid} is damaged (${this.#folder.pathOf(jid)})`,
      `import it from a copy: inband key import -a ${shellWord(jid)}`,
      `or make another: inband key replace -a ${shellWord(jid)}`,
    );
  }
}
