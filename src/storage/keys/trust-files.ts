import type { Trusted, TrustedKey, TrustStore } from '../../transfer/keys/trusted-keys.js';
import type { KeyFolder } from './key-folder.js';
import { KeysUnusable } from './keys-unusable.js';
import { formatTrusted, parseTrusted } from './trust-record.js';

/** JIDs that the user has not named and whose keys are kept: each that sends may become one. */
const MOST_FOREIGN = 1000;

/** The most keys that one JID may have. */
const MOST_KEYS = 32;

/** Keeps whose keys are trusted: a file for each JID. Nothing goes by itself. */
export class TrustFiles implements TrustStore {
  readonly #folder: KeyFolder;

  constructor(folder: KeyFolder) {
    this.#folder = folder;
  }

  async list(): Promise<Trusted[]> {
    return (await this.#folder.readAll()).map((text) => this.#parse(text));
  }

  async read(jid: string): Promise<readonly TrustedKey[]> {
    const text = await this.#folder.read(jid);
    return text === undefined ? [] : this.#parse(text, jid).keys;
  }

  change(
    jid: string,
    change: (keys: readonly TrustedKey[]) => readonly TrustedKey[],
    { isForeign = false } = {},
  ): Promise<readonly TrustedKey[]> {
    return this.#folder.locked(async () => {
      const before = await this.read(jid);
      const after = change(before);
      if (after === before) return before;
      checkCount(after.length);
      if (before.length === 0 && isForeign) await this.#checkRoom();
      const text = after.length > 0 ? formatTrusted({ jid, keys: after }) : undefined;
      await this.#folder.write(jid, text);
      return after;
    });
  }

  /** Throws `KeysUnusable` for damage, and for the keys of another JID. */
  #parse(text: string, jid?: string): Trusted {
    const trusted = parseTrusted(text);
    if (trusted && (jid ?? trusted.jid) === trusted.jid) return trusted;
    const which = jid === undefined ? `a file in ${this.#folder.path}` : this.#folder.pathOf(jid);
    throw new KeysUnusable(
      `what is known of ${jid ?? 'some'}'s keys is damaged: ${which}`,
      'to know nothing of them any more, remove that file',
    );
  }

  async #checkRoom(): Promise<void> {
    if ((await this.#folder.names()).length < MOST_FOREIGN) return;
    throw new KeysUnusable(
      `keys of ${MOST_FOREIGN} JIDs are trusted already`,
      'remove some: inband trust remove <jid>',
    );
  }
}

function checkCount(count: number): void {
  if (count <= MOST_KEYS) return;
  throw new KeysUnusable(
    `${MOST_KEYS} keys of one JID are trusted already`,
    'remove some: inband trust remove <jid>',
  );
}
