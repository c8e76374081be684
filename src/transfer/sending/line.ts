import { InBandBytestreams } from '../../protocol/ibb/in-band-bytestreams.js';
import type { Session } from '../../session/session.js';
import { type Connect, type KeptSession, keepSession } from '../connect.js';
import type { Report } from '../events.js';
import { findRecipients } from '../finding/find-recipient.js';
import type { Recipient, Way } from '../ways/way.js';
import { type OpenWays, openWays } from '../ways/ways.js';

/** The recipient that was found, and how to offer it something. */
export interface Reached {
  recipient: Recipient;
  ways: OpenWays;
}

/** The connection to the recipient of files: made anew when it was lost. */
export interface SendingLine {
  /** The recipient's JID, as the user gave it. */
  readonly jid: string;
  /** Bytes; less than was asked for where a server took none so large. */
  blockSize: number;
  /** Rejects as `findRecipients` does, and when there is no connection. */
  reach(): Promise<Reached>;
  /**
   * Another one of the contact, after the one reached takes nothing; from now on that is the one. Nothing where there
   * is none.
   */
  reachNext(): Promise<Reached | undefined>;
  /** The recipient may be somewhere else by now. */
  forget(): void;
  close(): Promise<void>;
}

interface LineOptions {
  /** The recipient, as the user gave it. */
  jid: string;
  /** The way that the user named, if one was. */
  via: Way | undefined;
  /** Bytes in a block to begin with. */
  blockSize: number;
  connect: Connect;
  report: Report;
  signal: AbortSignal;
}

/** Goes online when the recipient is to be reached, and not before. */
export class Line implements SendingLine {
  readonly jid: string;
  blockSize: number;
  readonly #options: LineOptions;
  readonly #waysOn = new WeakMap<Session, OpenWays>();
  readonly #kept: KeptSession;
  #search: AsyncGenerator<Recipient, void> | undefined;
  #reached: (Reached & { session: Session }) | undefined;

  constructor(options: LineOptions) {
    this.jid = options.jid;
    this.blockSize = options.blockSize;
    this.#options = options;
    // Nobody may ask anything of us but the one who gets the file.
    const admit = (from: string) => from === this.#reached?.recipient.peer;
    this.#kept = keepSession(options.connect, options.report, { admit });
  }

  async reach(): Promise<Reached> {
    const session = await this.#kept.session();
    if (this.#reached?.session === session) return this.#reached;
    const { via, signal, report } = this.#options;
    const note = (text: string) => report({ event: 'note', text });
    this.#search = findRecipients(session, this.jid, { via, signal, note });
    return (await this.#next(session)) as Reached; // or it has thrown
  }

  async reachNext(): Promise<Reached | undefined> {
    return this.#reached && this.#next(this.#reached.session);
  }

  forget(): void {
    this.#reached = undefined;
  }

  async close(): Promise<void> {
    await this.#kept.close();
  }

  async #next(session: Session): Promise<Reached | undefined> {
    const found = await this.#search?.next();
    if (!found?.value) return undefined;
    const ways = this.#waysOn.get(session) ?? openWays(session, new InBandBytestreams(session));
    this.#waysOn.set(session, ways);
    // The Jingle session that a proposal has let us begin is for one file.
    const { sid, ...recipient } = found.value;
    this.#reached = { session, recipient, ways };
    return { recipient: found.value, ways };
  }
}
