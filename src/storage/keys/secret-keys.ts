import type { SecretKeys } from '../../transfer/keys/own-key.js';
import { parseObject } from '../untrusted.js';
import type { KeyFolder } from './key-folder.js';
import { KeysUnusable } from './keys-unusable.js';

/** The public key of a secret, as people see it. */
type PublicKeyOf = (secret: Uint8Array) => string;

/** Keeps a key for each own account. The public one is kept beside it, by which damage is noticed. */
export function secretKeysIn(folder: KeyFolder, publicKeyOf: PublicKeyOf): SecretKeys {
  const read = async (jid: string) => {
    const text = await folder.read(jid);
    return text === undefined ? undefined : parse(text, jid);
  };
  const parse = (text: string, jid: string): Buffer => {
    const { jid: named, secretKey, publicKey } = parseObject(text);
    const secret = Buffer.from(typeof secretKey === 'string' ? secretKey : '', 'base64');
    const isWhole = secret.length === 32 && publicKeyOf(secret) === publicKey;
    if (named === jid && isWhole) return secret;
    throw new KeysUnusable(
      `the key of ${jid} is damaged (${folder.pathOf(jid)})`,
      'import it from a copy: inband key import',
      'or make another: inband key replace',
    );
  };
  const write = (jid: string, secret: Uint8Array) => {
    const secretKey = Buffer.from(secret).toString('base64');
    const record = { jid, publicKey: publicKeyOf(secret), secretKey };
    return folder.write(jid, `${JSON.stringify(record)}\n`);
  };
  return {
    obtain: async (jid, make) =>
      (await read(jid)) ??
      folder.locked(async () => {
        const made = await read(jid); // by another process, since
        if (made) return made;
        const secret = make();
        await write(jid, secret);
        return secret;
      }),
    replace: (jid, secret) => folder.locked(() => write(jid, secret)),
  };
}
