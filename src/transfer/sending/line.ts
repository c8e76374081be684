import type { Clock } from '../../session/clock.js';
import type { Session } from '../../session/session.js';
import type { Report } from '../events.js';
import { Absence, type WaitListener } from '../finding/absence.js';
import { findRecipients } from '../finding/find-recipient.js';
import type { KnownSoFar } from '../finding/inquiry.js';
import { orLink } from '../finding/or-link.js';
import { Remedies } from '../finding/remedies.js';
import type { Via } from '../finding/resource.js';
import type { SealedRecipient } from '../keys/sealed-recipient.js';
import type { Sealing } from '../keys/sealing.js';
import type { Source } from '../sources/source.js';
import type { TransferSettings } from '../ways/settings.js';
import type { Recipient } from '../ways/way.js';
import type { OpenWays } from '../ways/ways.js';
import type { Uplink } from './uplink.js';

/** The recipient that was found, and how to offer it something. */
export interface Reached {
  recipient: Recipient;
  ways: OpenWays;
  /** How this file is to be offered to this one. Rejects as `Sealing` does. */
  seal(recipient: Recipient): Promise<SealedRecipient>;
}

/** How files reach one recipient, who is looked for once for all of them. */
export interface SendingLine {
  /** The recipient's JID, as the user gave it. */
  readonly jid: string;
  /** What has not been done where a file fails: sent, or uploaded. */
  readonly verb: 'sent' | 'uploaded';
  /** As was asked for, or more cautious where that was too much for a server. */
  settings: TransferSettings;
  /** Bytes of the largest block that the recipient has acknowledged, of whichever file. */
  provenBlock: number;
  /** Rejects as `findRecipients` does, and when there is no connection. */
  reach(): Promise<Reached>;
  /**
   * The next resource of the contact, after this one takes nothing; the files go to it from now on. Nothing where
   * there is none.
   */
  reachNext(after: string): Promise<Reached | undefined>;
  /**
   * After a file that nobody has taken, because of this error: resolves to `true` when another attempt is due, as the
   * recipient may be there by now, and to `false` where it is not waited for. Rejects when the time is over.
   */
  comesOnline(error: Error, waiting: WaitListener): Promise<boolean>;
  /** The recipient has taken a file. */
  came(): void;
  /** What the user can do where this file was not taken by anybody, because of this error: a line. */
  remedy?(error: Error, file: Pick<Source, 'size' | 'isFolder'>): Promise<string | undefined>;
  /** Another file is about to be offered: asks meanwhile what has to be asked for it. Absent where that is nothing. */
  prepare?(): void;
  /** The recipient may be somewhere else by now. */
  forget(): void;
}

interface LineOptions {
  /** The recipient, as the user gave it. */
  jid: string;
  /** The ways to those who are there that the user named, if any were. */
  via: Via;
  /** What nobody takes is left on the own server, with a link. */
  mayLeave?: boolean | undefined;
  /** The flag by which it would be; absent: it is, or must not be. */
  leavingBy?: string | undefined;
  /** Files may go beside the stream in the clear, too. */
  mayBePlain?: boolean | undefined;
  /** To begin with. */
  settings: TransferSettings;
  uplink: Uplink;
  /** Decides how what goes to that JID is encrypted. */
  sealing: Sealing;
  report: Report;
  signal: AbortSignal;
  /** Milliseconds that it is waited for where it is not there. */
  waitOnline: number;
  clock?: Clock | undefined;
}

/** Goes online when the recipient is to be reached, and not before. */
export class Line implements SendingLine {
  readonly jid: string;
  readonly verb = 'sent';
  settings: TransferSettings;
  provenBlock = 0;
  readonly #options: LineOptions;
  readonly #absence: Absence;
  readonly #remedies: Remedies;
  #search: AsyncGenerator<Recipient, void> | undefined;
  #reached: (Reached & { session: Session }) | undefined;
  /** While it is looked for. */
  #reaching: Promise<Reached | undefined> | undefined;

  constructor(options: LineOptions) {
    this.jid = options.jid;
    this.settings = options.settings;
    this.#options = options;
    const { jid, uplink, waitOnline: limit, signal, clock } = options;
    this.#absence = new Absence({
      ...{ jid, limit, signal, clock },
      session: () => uplink.session(),
      appear: (session) => uplink.appear(session),
    });
    this.#remedies = new Remedies({ ...options, session: () => uplink.session() });
  }

  /** The full JID of the one who gets the files. */
  get peer(): string | undefined {
    return this.#reached?.recipient.peer;
  }

  async reach(): Promise<Reached> {
    const session = await this.#options.uplink.session();
    if (this.#reached?.session === session) return this.#reached;
    const reached = await this.#once(session, () => this.#begin(session));
    // Nothing: another file's look, which this one has joined, has found no further resource.
    return reached ?? this.reach();
  }

  async reachNext(after: string): Promise<Reached | undefined> {
    const reached = this.#reached;
    // Another file of ours was faster.
    if (!reached || reached.recipient.peer !== after) return reached;
    return this.#once(reached.session, () => this.#next(reached.session));
  }

  async comesOnline(error: Error, waiting: WaitListener): Promise<boolean> {
    const isDue = await this.#absence.ends(error, waiting);
    if (isDue) this.forget();
    return isDue;
  }

  came(): void {
    this.#absence.came();
  }

  remedy(error: Error, file: Pick<Source, 'size' | 'isFolder'>): Promise<string | undefined> {
    return this.#remedies.after(error, file);
  }

  prepare(): void {
    const { sealing, signal, report } = this.#options;
    if (!this.#reached) return;
    const { recipient, session } = this.#reached;
    sealing.prepare(recipient, { session, signal, report });
  }

  forget(): void {
    this.#reached = undefined;
  }

  /** Files that look at a time look together. */
  async #once(
    session: Session,
    look: () => Promise<Reached | undefined>,
  ): Promise<Reached | undefined> {
    if (!this.#reaching) {
      this.#reaching = look().finally(() => {
        this.#reaching = undefined;
      });
      return this.#reaching;
    }
    await this.#reaching;
    // A proposal lets us begin one Jingle session, which is for one file.
    return this.#reached?.session === session ? this.#reached : undefined;
  }

  async #begin(session: Session): Promise<Reached | undefined> {
    const { via, mayLeave, mayBePlain, report } = this.#options;
    if (mayLeave) await this.#remedies.tellOfLeaving();
    const note = (text: string) => report({ event: 'note', text });
    const mayPropose = (known: KnownSoFar) => this.#absence.mayPropose(known);
    for (const way of this.#options.uplink.waysOn(session).values()) way.prepare?.();
    return this.#absence.look((signal) => {
      const find = () =>
        findRecipients(session, this.jid, { via, signal, note, mayPropose, mayBePlain });
      const isNobody = via?.length === 0;
      this.#search = mayLeave
        ? orLink(session, this.jid, isNobody ? undefined : find(), note)
        : find();
      return this.#next(session);
    });
  }

  async #next(session: Session): Promise<Reached | undefined> {
    const { uplink, sealing, signal, report } = this.#options;
    const until = this.#search?.next();
    if (until) report({ event: 'pending', text: `looking for ${this.jid}`, until });
    const found = await until;
    if (!found?.value) return undefined;
    const ways = uplink.waysOn(session);
    const { sid, ...recipient } = found.value;
    const seal = (one: Recipient) => sealing.of(one, { session, signal, report });
    this.#reached = { session, recipient, ways, seal };
    return { recipient: found.value, ways, seal };
  }
}
