import { type Discovered, discoverInfo, featuresOf } from '../../protocol/disco.js';
import { announcedKey } from '../../protocol/seal/announced-key.js';
import { RequestTimeout } from '../../session/requests.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { NS_SEALED_LANE } from '../lane/lane.js';

/** Somebody's key, as it announces that itself. */
export interface AskedKey {
  /** The one who was asked, as its server writes that. */
  peer: string;
  /** 32 bytes; `undefined`: it has none. */
  key: Buffer | undefined;
  /** It takes what is sealed beside the XMPP stream, too. */
  hasLane: boolean;
}

/** Not longer than finding waits for an answer, in milliseconds. */
const PATIENCE_MS = 10_000;

/** How long an answer may wait for its offer, in milliseconds: whoever is there may start anew, with another key. */
const FRESH_MS = 3_000;

interface AskedAhead {
  session: Session;
  jid: string;
  /** Milliseconds since 1970. */
  at: number;
  answer: Promise<AskedKey | undefined>;
}

/** The questions for keys: one for each offer, which may be asked while the file before is under way. */
export class KeyQuestions {
  readonly #now: () => Date;
  #ahead: AskedAhead[] = [];

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Asks now for an offer that is about to come. */
  askAhead(session: Session, jid: string, signal: AbortSignal): void {
    // What fails is asked once more; silence is not: its offer has waited long enough.
    const answer = askKey(session, jid, { signal, timeout: PATIENCE_MS }).catch((error) => {
      if (error instanceof RequestTimeout) throw error;
      return undefined;
    });
    answer.catch(() => undefined); // there may be no offer to hear it
    this.#ahead.push({ session, jid, at: this.#now().getTime(), answer });
  }

  /** Resolves to an answer for one offer: one that was asked for ahead, or of now. Rejects as `askKey` does. */
  async ask(session: Session, jid: string, signal: AbortSignal): Promise<AskedKey> {
    const now = this.#now().getTime();
    this.#ahead = this.#ahead.filter(({ at }) => Math.abs(now - at) < FRESH_MS);
    const found = this.#ahead.findIndex((one) => one.session === session && one.jid === jid);
    const [ahead] = found < 0 ? [] : this.#ahead.splice(found, 1);
    return (await ahead?.answer) ?? askKey(session, jid, { signal, timeout: PATIENCE_MS });
  }
}

/**
 * Asks a full JID for its key. An answer that was given to another question would not do, nor one by whose hash
 * (XEP-0115) others are known: two that differ can have the same. Rejects with `MalformedAnnouncement`, and as `request`
 * does.
 */
export async function askKey(
  session: Session,
  jid: string,
  options: RequestOptions,
): Promise<AskedKey> {
  const answer: Discovered = await discoverInfo(session, jid, undefined, options);
  return {
    peer: answer.jid,
    key: announcedKey(answer.jid, answer.info),
    hasLane: featuresOf(answer.info).has(NS_SEALED_LANE),
  };
}
