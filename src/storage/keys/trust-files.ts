import type { Trusted, TrustedKey, TrustStore } from '../../transfer/keys/trusted-keys.js';
import type { KeyFolder } from './key-folder.js';
import { KeysUnusable } from './keys-unusable.js';
import { formatTrusted, parseTrusted } from './trust-record.js';

/** JIDs that the user has not named and whose keys are kept: each that sends may become one. */
const MOST_FOREIGN = 1000;

/** The most keys that one JID may have. */
const MOST_KEYS = 32;

/** Keeps whose keys are trusted: a file for each JID. Nothing goes by itself. */
export function trustFilesIn(folder: KeyFolder): TrustStore {
  const read = async (jid: string): Promise<readonly TrustedKey[]> => {
    const text = await folder.read(jid);
    return text === undefined ? [] : parse(text, jid).keys;
  };
  const parse = (text: string, jid?: string): Trusted => {
    const trusted = parseTrusted(text);
    if (trusted && (jid ?? trusted.jid) === trusted.jid) return trusted;
    const which = jid === undefined ? `a file in ${folder.path}` : folder.pathOf(jid);
    throw new KeysUnusable(
      `what is known of ${jid ?? 'some'}'s keys is damaged: ${which}`,
      'to know nothing of them any more, remove that file',
    );
  };
  const checkRoom = async (isFirst: boolean, count: number, isForeign: boolean) => {
    if (count > MOST_KEYS)
      throw new KeysUnusable(
        `${MOST_KEYS} keys of one JID are trusted already`,
        'remove some: inband trust remove <jid>',
      );
    if (!isFirst || !isForeign || (await folder.names()).length < MOST_FOREIGN) return;
    throw new KeysUnusable(
      `keys of ${MOST_FOREIGN} JIDs are trusted already`,
      'remove some: inband trust remove <jid>',
    );
  };
  return {
    list: async () => (await folder.readAll()).map((text) => parse(text)),
    read,
    change: (jid, change, { isForeign = false } = {}) =>
      folder.locked(async () => {
        const before = await read(jid);
        const after = change(before);
        if (after === before) return before;
        await checkRoom(before.length === 0, after.length, isForeign);
        await folder.write(jid, after.length > 0 ? formatTrusted({ jid, keys: after }) : undefined);
        return after;
      }),
  };
}
