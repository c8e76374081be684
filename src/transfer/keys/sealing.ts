import type { KeyPair } from '../../protocol/noise/dh25519.js';
import { MalformedAnnouncement } from '../../protocol/seal/announced-key.js';
import { formatKey } from '../../protocol/seal/public-key.js';
import { withHints } from '../../session/hints.js';
import { accountOf } from '../../session/jid.js';
import { RequestTimeout } from '../../session/requests.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { shellOperands } from '../../shell.js';
import type { Report } from '../events.js';
import {
  keyUntold,
  RecipientBusy,
  RecipientUnreachable,
  whyNotAccepted,
} from '../recipient-errors.js';
import { KeyNotTrusted, NotSealed } from '../ways/key-errors.js';
import type { Recipient } from '../ways/way.js';
import { type AskedKey, KeyQuestions } from './key-question.js';
import { byNoWay, notLeft, notSealed } from './not-sealed.js';
import type { Encrypt, Trust, TrustRule } from './rules.js';
import { plain, type SealedRecipient } from './sealed-recipient.js';
import { anotherKey, firstSeen, pinKey, type TrustedKey, type TrustStore } from './trusted-keys.js';

export interface SealingOptions {
  encrypt: Encrypt;
  trust: TrustRule;
  /** The recipient's key, as people see it, which was given for this command: no other one will do. */
  toKey?: string | undefined;
  /** Deflate what shrinks. */
  mayDeflate: boolean;
  /** The own account, as it was typed. */
  account: string;
  /** The own key. */
  own(): Promise<KeyPair>;
  trusted: TrustStore;
  now(): Date;
}

interface Situation {
  session: Session;
  signal: AbortSignal;
  report: Report;
}

/**
 * Decides how what goes to one JID is sealed. Once a key of it is known, was given, or was seen, nothing goes out
 * without the seal, whoever of its resources it is, and whatever fails.
 */
export class Sealing {
  /** Bare, and as it was typed: what its server makes of it is the server's word. */
  readonly #jid: string;
  readonly #options: SealingOptions;
  /** It is the own account, which has a key: that of this machine. */
  readonly #isOurs: boolean;
  readonly #questions: KeyQuestions;
  #wasSeen = false;

  constructor(jid: string, options: SealingOptions) {
    this.#jid = accountOf(jid);
    this.#options = options;
    this.#isOurs = this.#jid === accountOf(options.account);
    this.#questions = new KeyQuestions(options.now);
  }

  /** Another offer to this one is about to come: asks it for its key, where it had one before. */
  prepare({ peer }: Recipient, { session, signal }: Situation): void {
    if (this.#wasSeen) this.#questions.askAhead(session, peer, signal);
  }

  /** Why nothing is left for it on a server, as is known before it is looked for. Rejects where the known keys cannot be read. */
  async whyNothingLeft(): Promise<string | undefined> {
    if (this.#options.encrypt === 'off') return undefined;
    const known = await this.#options.trusted.read(this.#jid);
    return this.#mustSeal(known) ? this.#whyNotLeft() : undefined;
  }

  /**
   * Asks the recipient for its key, for one offer. Rejects with `NotSealed`, `KeyNotTrusted`, `MalformedAnnouncement`,
   * `RecipientUnreachable`, and where the known keys cannot be read.
   */
  async of(recipient: Recipient, situation: Situation): Promise<SealedRecipient> {
    if (this.#options.encrypt === 'off') return plain(recipient, () => undefined);
    this.#wasSeen ||= recipient.hasKey === true;
    const known = await this.#options.trusted.read(this.#jid);
    const isLeft = recipient.ways.every(({ reaches }) => reaches === 'account');
    const checkPlain = () => {
      if (!this.#mustSeal(known)) return;
      if (isLeft) throw notLeft(this.#jid, this.#whyNotLeft(), recipient);
      throw notSealed(this.#whyNot(recipient.peer, known));
    };
    const { peer, key, hasLane } = isLeft
      ? { ...NO_KEY, peer: recipient.peer }
      : await this.#ask(recipient, this.#mustSeal(known), situation);
    if (!key) {
      checkPlain();
      return plain(recipient, checkPlain);
    }
    this.#wasSeen = true;
    const own = await this.#options.own();
    const trust = this.#judge(key, known, this.#isOurs && own.publicKey.equals(key));
    const ways = recipient.ways.filter((way) => way.seals);
    if (ways.length === 0) throw notSealed(byNoWay(recipient));
    return {
      recipient: { ...recipient, peer, ways, ...(hasLane ? { hasLane } : {}) },
      seal: { own, peer: key, mayDeflate: this.#options.mayDeflate },
      secrecy: { encrypted: true, peerKey: formatKey(key), trust },
      mayOffer: () => undefined,
      answered: async () => {
        if (trust === 'first') await this.#pin(key, situation.report);
      },
    };
  }

  get #isWanted(): boolean {
    return this.#options.encrypt === 'require' || this.#options.toKey !== undefined;
  }

  #mustSeal(known: readonly TrustedKey[]): boolean {
    return this.#isWanted || known.length > 0 || this.#wasSeen || this.#isOurs;
  }

  /**
   * Some answer no questions, or not those of everybody; where nothing has to be sealed that is no key. One that is to
   * be asked later may have one.
   */
  async #ask(
    { peer }: Recipient,
    mustSeal: boolean,
    { session, signal }: Situation,
  ): Promise<AskedKey> {
    try {
      return await this.#questions.ask(session, peer, signal);
    } catch (error) {
      session.ended.throwIfAborted();
      signal.throwIfAborted();
      this.#wasSeen ||= error instanceof MalformedAnnouncement;
      const isError = error instanceof StanzaError;
      const isSilent = error instanceof RequestTimeout;
      const mayPass = isError && error.type === 'wait';
      if ((isError || isSilent) && !mustSeal && !mayPass) return { ...NO_KEY, peer };
      const why = isSilent ? keyUntold(peer, error) : whyNotAccepted(error as Error, peer);
      const isForNow = why instanceof RecipientUnreachable || why instanceof RecipientBusy;
      if (!isError || isForNow) throw why;
      throw new NotSealed(`${peer} does not tell its key (${why.message})`, { cause: error });
    }
  }

  #judge(key: Uint8Array, known: readonly TrustedKey[], isOurs: boolean): Trust {
    const { toKey, trust } = this.#options;
    const seen = formatKey(key);
    if (toKey !== undefined) {
      if (toKey === seen) return 'known';
      throw new KeyNotTrusted(`${this.#jid} has another key than the one of --to-key: ${seen}`);
    }
    const same = known.find((one) => one.key === seen);
    if (same) return same.isVerified ? 'verified' : 'known';
    if (isOurs) return 'known';
    if (known.length > 0) throw anotherKey(this.#jid, key);
    if (trust === 'first') return 'first';
    throw withHints(
      new KeyNotTrusted(
        `no key of ${this.#jid} is known here, and --trust known takes no first one`,
      ),
      `inband trust add ${shellOperands(this.#jid)}`,
    );
  }

  async #pin(key: Uint8Array, report: Report): Promise<void> {
    const { trusted, now } = this.#options;
    const pinned = { jid: this.#jid, key, now: now(), isForeign: false };
    if (!(await pinKey(trusted, pinned))) return;
    report({ event: 'notice', text: firstSeen(this.#jid, key) });
  }

  #whyNotLeft(): string {
    const why = this.#isWanted ? 'you want it to be' : `${this.#jid} has a key`;
    return `what is left on a server with a link is not encrypted, and ${why}`;
  }

  #whyNot(peer: string, known: readonly TrustedKey[]): string {
    const of = this.#isOurs || known.length > 0 ? 'is known here' : this.#wasSeen && 'was seen';
    const why = `${peer} has no key${of ? `, though one of ${this.#jid} ${of}` : ''}`;
    return `${why}, so that nothing can be encrypted for it`;
  }
}

const NO_KEY = { key: undefined, hasLane: false };
