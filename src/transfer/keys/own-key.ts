import {
  generateKeyPair,
  type KeyPair,
  keyPairFrom,
  secretBytesOf,
} from '../../protocol/noise/dh25519.js';
import { formatKey, keyUri, parseKey } from '../../protocol/seal/public-key.js';
import { withHints } from '../../session/hints.js';
import { accountOf } from '../../session/jid.js';

/** The secret keys of own accounts on this machine, of 32 bytes each, by bare JIDs. */
export interface SecretKeys {
  /**
   * The one that is there, or else `made`, which stays then. `before`: the public key, as people see it, of the last one
   * that was there, though it is gone.
   */
  obtain(jid: string, make: (before: string | undefined) => Uint8Array): Promise<Uint8Array>;
  /** Whether one is there, be it one that can be used or not. */
  has(jid: string): Promise<boolean>;
  /** Puts it in the place of any other, which stays in a file beside it: as `textOf` has it, if it is whole. */
  replace(
    jid: string,
    secret: Uint8Array,
    textOf: (before: Uint8Array) => string,
  ): Promise<Replaced>;
}

/** What a key has taken the place of. */
export interface Replaced {
  /** Others know another key of the account, or may. */
  wasKnown: boolean;
  kept?: {
    /** The file with what was there before; absolute. */
    path: string;
    /** It is an exported key. Else it has the bytes of what could not be used. */
    isWhole: boolean;
  };
}

/** What a person has to do with the key of an own account. */
interface ShownKey {
  /** Bare JID. */
  jid: string;
  /** As people see it. */
  key: string;
  /** For a QR code. */
  uri: string;
}

/** So that nobody takes it for a public one, and programs that look for lost secrets find it. */
const SECRET_PREFIX = 'INBAND-SECRET-KEY-';

/** A text is no exported key. */
export class MalformedSecret extends Error {
  override readonly name = 'MalformedSecret';
  constructor() {
    super('that is no exported key');
    withHints(this, `one begins with ${SECRET_PREFIX}, as "inband key export" writes it`);
  }
}

/** The key of an own account, as it was typed; it is made the first time, of which `onMade` hears. */
export async function ownKey(keys: SecretKeys, account: string, onMade: OnMade): Promise<KeyPair> {
  const jid = accountOf(account);
  let made: Buffer | undefined;
  let before: string | undefined;
  const secret = await keys.obtain(jid, (last) => {
    before = last;
    made = newSecret();
    return made;
  });
  // Somebody else may have been faster.
  if (made?.equals(secret)) onMade(jid, before);
  return keyPairFrom(secret);
}

/** Hears the bare JID for which a key was made, and the public one that it had before, as people see it. */
export type OnMade = (jid: string, before: string | undefined) => void;

/** The same, once it is needed. */
export function ownKeyWhenNeeded(
  open: () => Promise<SecretKeys>,
  account: string,
  onMade: OnMade,
): () => Promise<KeyPair> {
  let own: Promise<KeyPair> | undefined;
  return () => {
    own ??= open().then((keys) => ownKey(keys, account, onMade));
    return own;
  };
}

/** `onMade` as for `ownKey`. */
export async function showKey(
  keys: SecretKeys,
  account: string,
  onMade: OnMade,
): Promise<ShownKey> {
  return shown(account, await ownKey(keys, account, onMade));
}

/** The secret as a text. `onMade` as for `ownKey`. */
export async function exportKey(
  keys: SecretKeys,
  account: string,
  onMade: OnMade,
): Promise<string> {
  const pair = await ownKey(keys, account, onMade);
  return exported(secretBytesOf(pair));
}

const exported = (secret: Uint8Array): string => SECRET_PREFIX + formatKey(secret).toUpperCase();

export interface NewKey extends ShownKey {
  replaced: Replaced;
}

/** Takes an exported key for that of the account. Throws `MalformedSecret`. */
export async function importKey(keys: SecretKeys, account: string, text: string): Promise<NewKey> {
  return replaceBy(keys, account, readSecret(text.trim()));
}

/** Whether the account has a key, be it one that can be used or not. */
export const hasKey = (keys: SecretKeys, account: string): Promise<boolean> =>
  keys.has(accountOf(account));

/** Makes another key for the account. */
export const replaceKey = (keys: SecretKeys, account: string): Promise<NewKey> =>
  replaceBy(keys, account, newSecret());

async function replaceBy(keys: SecretKeys, account: string, secret: Buffer): Promise<NewKey> {
  const replaced = await keys.replace(accountOf(account), secret, (old) => `${exported(old)}\n`);
  return { ...shown(account, keyPairFrom(secret)), replaced };
}

function readSecret(text: string): Buffer {
  const letters = text.slice(SECRET_PREFIX.length);
  try {
    if (text.startsWith(SECRET_PREFIX) && letters === letters.toUpperCase()) {
      return parseKey(letters.toLowerCase());
    }
  } catch {
    // It is told below, in words that fit a secret.
  }
  throw new MalformedSecret();
}

function shown(account: string, { publicKey }: KeyPair): ShownKey {
  const jid = accountOf(account);
  return { jid, key: formatKey(publicKey), uri: keyUri(jid, publicKey) };
}

/** X25519 takes no notice of the highest bit of a secret: without it each has one form. */
function newSecret(): Buffer {
  const secret = secretBytesOf(generateKeyPair());
  secret.writeUInt8((secret.at(-1) ?? 0) & 0x7f, secret.length - 1);
  return secret;
}
