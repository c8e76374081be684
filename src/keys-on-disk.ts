import { keyFolders } from './folders.js';
import { keyPairFrom } from './protocol/noise/dh25519.js';
import { formatKey } from './protocol/seal/public-key.js';
import { KeyFolder } from './storage/keys/key-folder.js';
import { SecretKeyFiles } from './storage/keys/secret-keys.js';
import { TrustFiles } from './storage/keys/trust-files.js';
import type { SecretKeys } from './transfer/keys/own-key.js';
import type { TrustStore } from './transfer/keys/trusted-keys.js';

/** The keys of own accounts. */
export function openKeys(): SecretKeys {
  const { own, ownPublic } = keyFolders(process.env);
  return new SecretKeyFiles(
    new KeyFolder(own, { isSecret: true }),
    (secret) => formatKey(keyPairFrom(secret).publicKey),
    new KeyFolder(ownPublic),
  );
}

/** Whose keys are trusted. */
export function openTrust(): TrustStore {
  return new TrustFiles(new KeyFolder(keyFolders(process.env).trusted));
}
