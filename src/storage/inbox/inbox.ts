import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { NoRoom } from '../../transfer/inbox-errors.js';
import type {
  Inbox,
  InboxOptions,
  PartialFile,
  WantedPartial,
} from '../../transfer/receiving/inbox.js';
import type { FileOwner, FileRecord, Ledger } from '../../transfer/receiving/ledger.js';
import { inTurn } from '../in-turn.js';
import { lookForFile, setExecutable } from '../ledger/known-file.js';
import type { Locking } from '../lock/folder-lock.js';
import type { Sleep } from '../lock/heartbeat.js';
import { systemProcesses } from '../lock/processes.js';
import { Hashes } from '../running-hashes.js';
import { createPart, keepingRoom, newJournal } from './create-part.js';
import { HeldFolder, isShortage } from './held-folder.js';
import { hashed, partPath, writeJournal } from './journal.js';
import { type Kept, removePartial } from './kept-partials.js';
import type { OpenPart } from './part-file.js';
import { Partial, type Shared } from './partial.js';
import { reopenPart } from './reopen-part.js';
import { endRequest, takeRequest } from './requests.js';
import type { Reservation } from './reservation.js';
import { type Limits, Space } from './space.js';

/** The system that an inbox runs on, replaced in tests. */
export interface System extends Omit<Locking, 'sleep'> {
  /** Default: that of Node. */
  sleep?: Sleep;
}

const SYSTEM: System = { files: fs, processes: systemProcesses, now: Date.now };
const sleepByNode: Sleep = (ms, signal, { ref } = { ref: false }) =>
  setTimeout(ms, undefined, { signal, ref });

/**
 * Makes the folder if absent, locks it, and removes what killed processes have left in it.
 * Rejects with FolderInUse; and when `.inband` in it is not a directory of our own.
 */
export async function openInbox(
  directory: string,
  options: InboxOptions = {},
  system: System = SYSTEM,
): Promise<Inbox> {
  const inbox = resolve(directory);
  const lost = new AbortController();
  const onLost = (error: Error) => lost.abort(error);
  const open = () =>
    HeldFolder.open(inbox, { sleep: sleepByNode, ...system }, { ...options, onLost });
  const again = async () => {
    const held = await open();
    options.warn?.(`${held.shared.staging} was removed, and has been made anew`);
    return held;
  };
  const held = await open();
  return new InboxFolder(held, again, options, lost);
}

class InboxFolder implements Inbox {
  readonly lost: AbortSignal;
  readonly keptOf = (wanted: WantedPartial) => this.#shared.kept.bytesFor(wanted);
  readonly hasRest = (channel: string) => this.#shared.kept.hasRest(hashed(channel));
  readonly look = (record: FileRecord) => lookForFile(record, this.#shared);
  readonly setExecutable = (record: FileRecord, isExecutable: boolean) =>
    setExecutable(record, isExecutable, this.#shared);
  readonly findFolder: Inbox['findFolder'] = (...of) => this.#shared.folders.find(...of);
  readonly takeRequest = () => takeRequest(this.#shared.files, this.#shared.staging);
  readonly endRequest = () => endRequest(this.#shared.files, this.#shared.staging);
  readonly #lost: AbortController;
  readonly #openAgain: () => Promise<HeldFolder>;
  readonly #space: Space;
  readonly #inTurn = inTurn();
  #held: HeldFolder;

  constructor(
    held: HeldFolder,
    openAgain: () => Promise<HeldFolder>,
    limits: Limits,
    lost: AbortController,
  ) {
    this.#held = held;
    this.#openAgain = openAgain;
    const { files, inbox, now } = held.shared;
    const [keptBytes, folders] = [() => this.#shared.kept.bytes, () => this.#shared.folders.paths];
    this.#space = new Space({ files, inbox, now, keptBytes, folders }, limits);
    this.#lost = lost;
    this.lost = lost.signal;
  }

  get ledger(): Ledger {
    return this.#shared.ledger;
  }

  async makeFolder(owner: FileOwner, offered: readonly string[]): Promise<string> {
    await this.#lookAgain();
    return this.#shared.folders.make(owner, offered);
  }

  get #shared(): Shared {
    return this.#held.shared;
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#held.release());
  }

  /** Makes a folder that was removed anew, under its lock. Anything else in its place is the end. */
  #lookAgain(): Promise<void> {
    return this.#inTurn(async () => {
      this.lost.throwIfAborted();
      if (await this.#held.isInPlace()) return;
      try {
        await this.#held.mayBeOpenedAgain();
        await this.#held.release();
        this.#held = await this.#openAgain();
      } catch (error) {
        if (!isShortage(error as Error)) this.#lost.abort(error);
        throw error;
      }
    });
  }

  async createPartial(wanted: WantedPartial = {}): Promise<PartialFile> {
    await this.#lookAgain();
    await this.#shared.kept.removeExpired();
    await this.#checkNames(wanted);
    const earlier =
      wanted.identity === undefined ? undefined : this.#shared.kept.take(hashed(wanted.identity));
    const part = (earlier && (await this.#resume(earlier, wanted))) ?? (await this.#start(wanted));
    return new Partial(part, this.#shared);
  }

  async checkRoom(wanted: WantedPartial): Promise<void> {
    await this.#checkNames(wanted);
    const { kept } = this.#shared;
    if (kept.mayGiveWayTo(wanted)) return;
    await this.#space.check(wanted, this.keptOf(wanted), kept.bytesOnDisk(wanted));
  }

  /** Whether there may be a record of it, and folders for it. */
  async #checkNames({ account, folders, name = '' }: WantedPartial): Promise<void> {
    if (account !== undefined) this.ledger.checkRoom(account);
    if (folders) await this.#shared.folders.check(folders.owner, folders.offered, name);
  }

  /** Resolves to `undefined`, with the kept one removed, when it cannot be gone on with. */
  async #resume(kept: Kept, wanted: WantedPartial): Promise<OpenPart | undefined> {
    const { files, staging } = this.#shared;
    try {
      const part = kept.journal.size === wanted.size && (await this.#reopen(kept, wanted));
      if (part) return part;
    } catch (error) {
      await this.#shared.kept.add(kept);
      throw error;
    }
    await removePartial(files, staging, kept.id);
    return undefined;
  }

  async #reopen({ id, journal }: Kept, wanted: WantedPartial): Promise<OpenPart | undefined> {
    const { files, staging } = this.#shared;
    const channel = wanted.channel && hashed(wanted.channel);
    const kept = { id, journal: { ...journal, channel } };
    const hashes = new Hashes(wanted.algorithms);
    const reservation = await this.#reserve(wanted, journal.durable);
    const opening = async () => {
      // If we are killed before the channel opens, the next process must know it.
      if (channel) await writeJournal(files, staging, id, kept.journal);
      return reopenPart(files, staging, kept, { hashes, onRead: wanted.onRead });
    };
    const handle = await keepingRoom(reservation, opening());
    return handle && { ...kept, handle, hashes, reservation };
  }

  async #reserve(wanted: WantedPartial, offset: number): Promise<Reservation> {
    for (;;) {
      try {
        return await this.#space.reserve(wanted, offset);
      } catch (error) {
        const isFull = error instanceof NoRoom && !error.isPassing;
        if (!isFull || !(await this.#shared.kept.makeRoom())) throw error;
      }
    }
  }

  async #start(wanted: WantedPartial): Promise<OpenPart> {
    const { files, staging, now } = this.#shared;
    const { account, size, algorithms } = wanted;
    const hashes = new Hashes(algorithms);
    const reservation = await this.#reserve({ size, account }, 0);
    const id = randomUUID();
    const journal = newJournal(wanted, hashes, new Date(now()));
    const handle = await keepingRoom(reservation, createPart(files, partPath(staging, id)));
    return { id, handle, hashes, journal, reservation };
  }
}
