import type { KeyPair } from '../../protocol/noise/dh25519.js';
import { formatKey } from '../../protocol/seal/public-key.js';
import { withHints } from '../../session/hints.js';
import { accountOf } from '../../session/jid.js';
import { shellOperands } from '../../shell.js';
import type { Report } from '../events.js';
import type { Encrypt, Secrecy, Trust, TrustRule } from '../keys/rules.js';
import {
  anotherKey,
  firstSeen,
  pinKey,
  type TrustedKey,
  type TrustStore,
} from '../keys/trusted-keys.js';
import type { Standing } from '../serving/policy.js';
import type { IncomingOffer } from '../ways/incoming.js';
import { KeyNotTrusted, NotSealed } from '../ways/key-errors.js';

export interface KeyRulesOptions {
  encrypt: Encrypt;
  trust: TrustRule;
  /** The own key. */
  own: Pick<KeyPair, 'publicKey'> | undefined;
  /** The own account. */
  account: string;
  trusted: TrustStore;
  report: Report;
  now(): Date;
}

/** What is known of how an offer is sealed. */
export interface Judged {
  secrecy: Secrecy;
  /** It is of the own account, for sure or as the user has it: what it says to be a program may be run. */
  isOurs: boolean;
  /** To be called when the sender has proven that the key is theirs. Rejects with `KeyNotTrusted`. */
  proven(): Promise<void>;
}

/** Milliseconds between two warnings about one JID. */
const TELL_AGAIN_MS = 60 * 60 * 1000;
/** JIDs about which the last warning is remembered. */
const MOST_TOLD = 1000;

/** Decides which offers are taken, by their keys. */
export class KeyRules {
  readonly #options: KeyRulesOptions;
  /** When the user was told of a JID, in milliseconds since 1970. */
  readonly #told = new Map<string, number>();

  constructor(options: KeyRulesOptions) {
    this.#options = options;
  }

  /** Rejects with `NotSealed` and `KeyNotTrusted`, and where the known keys cannot be read. */
  async judge({ peer, peerKey }: IncomingOffer, standing: Standing): Promise<Judged> {
    const jid = accountOf(peer);
    const known = await this.#options.trusted.read(jid);
    if (!peerKey) return this.#judgePlain(jid, known);
    const trust = this.#judgeKey(jid, peerKey, known, standing);
    return {
      secrecy: { encrypted: true, peerKey: formatKey(peerKey), trust },
      // At the first contact it may be the server's.
      isOurs: this.#isOurs(jid) && trust !== 'first' && trust !== 'unknown',
      proven: async () => {
        if (trust === 'first') await this.#pin(jid, peerKey, standing);
      },
    };
  }

  /** Whether the user is to hear of what is wrong with what somebody sends: once an hour. */
  isNews(peer: string): boolean {
    const jid = accountOf(peer);
    const now = this.#options.now().getTime();
    const before = this.#told.get(jid);
    if (before !== undefined && Math.abs(now - before) < TELL_AGAIN_MS) return false;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.set(jid, now);
    return true;
  }

  /** By the name that was typed: what its server calls it is the server's word. */
  #isOurs(jid: string): boolean {
    return jid === accountOf(this.#options.account);
  }

  #judgePlain(jid: string, known: readonly TrustedKey[]): Judged {
    const { encrypt, report } = this.#options;
    if (encrypt === 'require')
      throw new NotSealed('it is not encrypted, as --encrypt require wants it');
    if (encrypt === 'auto' && known.some(({ isVerified }) => isVerified)) {
      throw withHints(
        new NotSealed(`it is not encrypted, though a key of ${jid} was compared here`),
        'ask them whether they sent it, and for the same with encryption',
        'receive --encrypt off takes what is not encrypted, of everybody',
      );
    }
    const isOurs = this.#isOurs(jid);
    if (encrypt === 'auto' && (known.length > 0 || isOurs)) {
      const text = `${jid} sends without encryption, though a key of theirs is known here`;
      report({ event: 'warning', text });
    }
    const nothing = async () => undefined;
    return { secrecy: { encrypted: false }, isOurs: isOurs && encrypt === 'off', proven: nothing };
  }

  #judgeKey(jid: string, key: Uint8Array, known: readonly TrustedKey[], standing: Standing): Trust {
    const { trust, own } = this.#options;
    const seen = formatKey(key);
    const same = known.find((one) => one.key === seen);
    if (same) return same.isVerified ? 'verified' : 'known';
    if (this.#isOurs(jid) && own?.publicKey.equals(key)) return 'known';
    if (known.length > 0) throw anotherKey(jid, key);
    if (trust === 'known') {
      throw withHints(
        new KeyNotTrusted(`no key of ${jid} is known here, and --trust known takes no first one`),
        `inband trust add ${shellOperands(jid)}`,
      );
    }
    return standing === 'anyone' ? 'unknown' : 'first';
  }

  async #pin(jid: string, key: Uint8Array, standing: Standing): Promise<void> {
    const { trusted, now, report } = this.#options;
    const isForeign = standing !== 'named';
    if (!(await pinKey(trusted, { jid, key, now: now(), isForeign }))) return;
    report({ event: 'notice', text: firstSeen(jid, key) });
  }
}
