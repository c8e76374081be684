import { formatKey, parseKey } from '../../protocol/seal/public-key.js';
import { withHints } from '../../session/hints.js';
import { accountOf } from '../../session/jid.js';
import { shellOperands } from '../../shell.js';
import { KeyNotTrusted } from '../ways/key-errors.js';

/** A key that is trusted to be somebody's. */
export interface TrustedKey {
  /** As people see it. */
  key: string;
  /** Says which of several it is. */
  label?: string;
  /** A person has compared it. */
  isVerified: boolean;
  /** When it was first seen, or added. */
  since: Date;
}

export interface Trusted {
  /** Bare JID. */
  jid: string;
  keys: readonly TrustedKey[];
}

/** What became of one key of a JID. */
export interface Changed extends Trusted {
  /** The other keys of that JID, which stay trusted. */
  others: readonly TrustedKey[];
}

/** Whose keys are trusted, on disk. Rejects where that cannot be read: it is never taken for nobody's. */
export interface TrustStore {
  list(): Promise<Trusted[]>;
  /** None: nobody has seen a key of this bare JID. */
  read(jid: string): Promise<readonly TrustedKey[]>;
  /**
   * Changes the keys of a JID, while nobody else does; `change` gets what is there at that moment. `isForeign`: there is
   * room for a limited number of such JIDs.
   */
  change(
    jid: string,
    change: (keys: readonly TrustedKey[]) => readonly TrustedKey[],
    options?: { isForeign?: boolean },
  ): Promise<readonly TrustedKey[]>;
}

/** In characters. */
export const MOST_OF_LABEL = 64;

/**
 * Trusts the first key that is seen of a bare JID. Resolves to whether it was the first; rejects with `KeyNotTrusted`
 * where others are trusted and this one is not. `isForeign`: the user has not named that JID anywhere.
 */
export async function pinKey(
  store: TrustStore,
  { jid, key, now, isForeign }: { jid: string; key: Uint8Array; now: Date; isForeign: boolean },
): Promise<boolean> {
  let isFirst = false;
  const seen = formatKey(key);
  const pin = (keys: readonly TrustedKey[]): readonly TrustedKey[] => {
    if (keys.some((one) => one.key === seen)) return keys;
    if (keys.length > 0) throw anotherKey(jid, key);
    isFirst = true;
    return [{ key: seen, isVerified: false, since: now }];
  };
  await store.change(jid, pin, { isForeign });
  return isFirst;
}

/** A key as it was typed. Throws `MalformedKey`. */
export const readKey = (typed: string): string => formatKey(parseKey(typed));

/** Trusts one more key, as it was typed. Resolves to that. Throws `MalformedKey` and `MalformedJid`. */
export async function addKey(
  store: TrustStore,
  { jid, typed, label, now }: { jid: string; typed: string; label: string | undefined; now: Date },
): Promise<Changed> {
  const key = readKey(typed);
  const bare = accountOf(jid);
  const keys = await store.change(bare, (before) => {
    const old = before.find((one) => one.key === key);
    const known = old ?? { key, isVerified: false, since: now };
    const others = before.filter((one) => one !== old);
    return [...others, label === undefined ? known : { ...known, label }];
  });
  return changed(bare, key, keys);
}

/**
 * Notes that a person has compared a key, which was typed as its owner has it. Resolves to that; rejects with
 * `KeyNotTrusted` where it is none of those that are known. Throws as `addKey`.
 */
export async function verifyKey(
  store: TrustStore,
  { jid, typed }: { jid: string; typed: string },
): Promise<Changed> {
  const key = readKey(typed);
  const bare = accountOf(jid);
  const keys = await store.change(bare, (before) => {
    if (!before.some((one) => one.key === key)) throw notCompared(bare, before.length);
    return before.map((one) => (one.key === key ? { ...one, isVerified: true } : one));
  });
  return changed(bare, key, keys);
}

/** Rejects with `KeyNotTrusted` where no key of a JID is known. Throws `MalformedJid`. */
export async function requireKnown(store: TrustStore, jid: string): Promise<void> {
  const bare = accountOf(jid);
  if ((await store.read(bare)).length === 0) throw notCompared(bare, 0);
}

function changed(jid: string, key: string, all: readonly TrustedKey[]): Changed {
  const others = all.filter((one) => one.key !== key);
  return { jid, keys: all.filter((one) => one.key === key), others };
}

/** Which keys of a JID are meant; without any of these, all. */
interface Which {
  jid: string;
  label?: string | undefined;
  /** How one of them begins, and no other one. */
  beginning?: string | undefined;
}

/**
 * Trusts the keys of a JID no more, or those that are meant. Resolves to those. Throws `MalformedJid`, and
 * `AmbiguousKey` where several begin like that.
 */
export async function removeKeys(
  store: TrustStore,
  { jid, label, beginning }: Which,
): Promise<Changed> {
  const bare = accountOf(jid);
  const isMeant = (one: TrustedKey) =>
    (label === undefined || one.label === label) &&
    // An empty one is a slip, as of a variable that is not set, and means none.
    (beginning === undefined || (beginning !== '' && one.key.startsWith(beginning)));
  let removed: readonly TrustedKey[] = [];
  const others = await store.change(bare, (before) => {
    removed = before.filter(isMeant);
    if (beginning !== undefined && removed.length > 1) {
      throw new AmbiguousKey(bare, beginning, removed);
    }
    return before.filter((key) => !isMeant(key));
  });
  return { jid: bare, keys: removed, others };
}

/** Several keys of a JID begin like the one that is meant. */
export class AmbiguousKey extends Error {
  override readonly name = 'AmbiguousKey';
  constructor(jid: string, beginning: string, keys: readonly TrustedKey[]) {
    super(`${keys.length} keys of ${jid} begin with "${beginning}"`);
    withHints(this, ...keys.map(({ key, label }) => (label ? `${key} (${label})` : key)));
  }
}

/** The trusted keys of everybody, or of one JID. */
export async function listTrusted(store: TrustStore, jid?: string): Promise<Trusted[]> {
  if (jid === undefined) return store.list();
  const bare = accountOf(jid);
  return [{ jid: bare, keys: await store.read(bare) }];
}

/** Another key than is known came along. It is shown to be compared; nobody is to give a key to a command that came so. */
export function anotherKey(jid: string, key: Uint8Array): KeyNotTrusted {
  return withHints(
    new KeyNotTrusted(`${jid} has another key than before: ${formatKey(key)}`),
    `ask them in another way what "inband key" shows there; if it is this one: inband trust add ${shellOperands(jid)}`,
    `the known ones: inband trust list ${shellOperands(jid)}`,
  );
}

function notCompared(jid: string, count: number): KeyNotTrusted {
  const add = `inband trust add ${shellOperands(jid)}`;
  return count === 0
    ? withHints(
        new KeyNotTrusted(`no key of ${jid} is known`),
        `to trust one that they have told you: ${add}`,
      )
    : withHints(
        new KeyNotTrusted(`that is not the key of ${jid} that is known here`),
        'is it typed rightly?',
        `if it is theirs: ${add}`,
      );
}

/** What a person reads of a key that nobody has seen before. */
export const firstSeen = (jid: string, key: Uint8Array): string =>
  `first contact with ${jid}, whose key is known from now on: ${formatKey(key)}`;
