import type { FileOffer } from '../../../protocol/file-offer.js';
import type { LinkedFile } from '../../../protocol/messages/link.js';
import { linkMessage, wordsMessage } from '../../../protocol/messages/link.js';
import { roundTrip } from '../../../protocol/round-trip.js';
import { randomSid } from '../../../protocol/sid.js';
import { systemClock } from '../../../session/clock.js';
import type { NetworkOptions } from '../../../session/dial/proxy.js';
import { bareJid, serverOf } from '../../../session/jid.js';
import type { Session } from '../../../session/session.js';
import { StanzaError } from '../../../session/stanza-error.js';
import type { Element } from '../../../session/xml.js';
import { Uploads } from './uploads.js';

export interface LinkOptions {
  /** Which certificates of servers for uploads are believed. */
  trust(): Promise<NetworkOptions>;
  /** A line of the sender's, which goes before the first link to each. */
  text?: string | undefined;
  /** To whom it has gone, on whatever session. */
  readonly told: Set<string>;
  /** Where files lie of which nobody was told, as the session has ended in between; by what was offered. */
  readonly untold: WeakMap<FileOffer, Uploaded>;
}

/** A file that lies on a server. */
interface Uploaded {
  url: string;
  sha256: Buffer;
}

/** How long a server may take to send a message back. */
const PATIENCE_MS = 10_000;

/** Tells people where files lie that were uploaded for them. */
export class Links {
  readonly uploads: Uploads;
  readonly untold: LinkOptions['untold'];
  readonly #session: Session;
  readonly #options: LinkOptions;

  constructor(session: Session, options: LinkOptions) {
    this.uploads = new Uploads(session, options.trust);
    this.untold = options.untold;
    this.#session = session;
    this.#options = options;
  }

  /**
   * Resolves when the own server has taken the message, and that of the recipient has had the time to send it back.
   * Rejects with `StanzaError` where it comes back by then.
   */
  async tell(jid: string, file: LinkedFile): Promise<void> {
    const { text, told } = this.#options;
    if (text !== undefined && !told.has(jid)) {
      await this.#deliver(jid, (id) => wordsMessage(jid, id, text));
      told.add(jid);
    }
    await this.#deliver(jid, (id) => linkMessage(jid, id, file));
  }

  async #deliver(jid: string, messageWith: (id: string) => Element): Promise<void> {
    const session = this.#session;
    const id = randomSid();
    let returned: StanzaError | undefined;
    const stop = session.onMessage((message) => {
      const { attrs } = message;
      const isReturned = attrs.type === 'error' && attrs.id === id;
      if (isReturned && bareJid(attrs.from ?? '') === jid) {
        returned ??= StanzaError.fromStanza(message);
      }
    });
    try {
      await session.send(messageWith(id));
      await session.sync();
      // What a server sends back comes before its next answer.
      const servers = new Set([serverOf(session.jid), serverOf(jid)]);
      await Promise.all([...servers].map((server) => this.#answers(server)));
    } finally {
      stop();
    }
    if (returned) throw returned;
  }

  /** Resolves when the server has answered, or has had the time to. */
  async #answers(server: string): Promise<void> {
    const session = this.#session;
    await roundTrip(session, server, systemClock, { timeout: PATIENCE_MS }).catch(() => {
      session.ended.throwIfAborted();
    });
  }
}
