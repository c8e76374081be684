import { keyFolders } from './folders.js';
import { keyPairFrom } from './protocol/noise/dh25519.js';
import { formatKey } from './protocol/seal/public-key.js';
import { KeyFolder } from './storage/keys/key-folder.js';
import { SecretKeyFiles } from './storage/keys/secret-keys.js';
import { TrustFiles } from './storage/keys/trust-files.js';
import type { Waiting } from './storage/lock/while-locked.js';
import type { SecretKeys } from './transfer/keys/own-key.js';
import type { TrustStore } from './transfer/keys/trusted-keys.js';

/** The keys of own accounts. `waiting`: how what another process changes is waited for. */
export function openKeys(waiting: Waiting): SecretKeys {
  const { own, ownPublic } = keyFolders(process.env);
  return new SecretKeyFiles(
    new KeyFolder(own, { ...waiting, isSecret: true }),
    (secret) => formatKey(keyPairFrom(secret).publicKey),
    new KeyFolder(ownPublic, waiting),
  );
}

/** Whose keys are trusted. `waiting`: as for `openKeys`. */
export function openTrust(waiting: Waiting): TrustStore {
  return new TrustFiles(new KeyFolder(keyFolders(process.env).trusted, waiting));
}
