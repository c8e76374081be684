import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Inbox, InboxOptions, PartialFile, WantedPartial } from '../transfer/inbox.js';
import {
  makeDirectories,
  makePrivateDirectory,
  othersMayWrite,
  syncDirectory,
} from './directories.js';
import { type Files, unless } from './files.js';
import { lockFolder } from './folder-lock.js';
import { Hashes } from './hashes.js';
import { inTurn } from './in-turn.js';
import { partPath, writeJournal } from './journal.js';
import { type Kept, KeptPartials, removePartial } from './kept-partials.js';
import type { OpenPart } from './part-file.js';
import { Partial, type Surroundings } from './partial.js';
import { type Processes, systemProcesses } from './processes.js';
import { reopenPart } from './reopen-part.js';
import { type Reservation, Space } from './space.js';
import { sweep } from './sweep.js';

/** Holds the partials; on the inbox's own file system, so that publishing is one `link`. */
const STAGING = '.inband';

/** What it is opened with in tests. */
export interface System {
  files: Files;
  processes: Processes;
  /** Milliseconds since 1970. */
  now: () => number;
}

const SYSTEM: System = { files: fs, processes: systemProcesses, now: Date.now };

/**
 * Makes the folder if absent, locks it, and removes what killed processes have left in it.
 * Rejects with InboxInUse; and when `.inband` in it is not a directory of our own.
 */
export async function openInbox(
  directory: string,
  options: InboxOptions = {},
  { files, processes, now }: System = SYSTEM,
): Promise<Inbox> {
  const inbox = resolve(directory);
  const staging = join(inbox, STAGING);
  for (const made of await makeDirectories(files, inbox, 0o755)) {
    // A folder that we may write to and not read cannot be synced.
    await unless(['EACCES'], syncDirectory(files, dirname(made)));
  }
  const isPrivate = await makePrivateDirectory(files, staging);
  const unlock = await lockFolder(files, staging, processes);
  try {
    if (!isPrivate)
      options.warn?.(`others may read what arrives: the disk of ${staging} has no modes`);
    if (await othersMayWrite(files, inbox)) options.warn?.(`others may put files into ${inbox}`);
    const kept = new KeptPartials(files, staging);
    for (const one of await sweep({ files, inbox, staging, now })) await kept.add(one);
    const around = { files, inbox, staging, now, syncInTurn: inTurn(), kept };
    return new InboxFolder(around, new Space(files, [inbox, staging], options), unlock);
  } catch (error) {
    await unlock().catch(() => undefined); // the first error tells more
    throw error;
  }
}

class InboxFolder implements Inbox {
  readonly #around: Surroundings;
  readonly #space: Space;
  readonly close: () => Promise<void>;

  constructor(around: Surroundings, space: Space, close: () => Promise<void>) {
    this.#around = around;
    this.#space = space;
    this.close = close;
  }

  async createPartial(wanted: WantedPartial = {}): Promise<PartialFile> {
    const { kept, now } = this.#around;
    await kept.removeExpired(now());
    const earlier = wanted.identity === undefined ? undefined : kept.take(hashed(wanted.identity));
    const part = (earlier && (await this.#resume(earlier, wanted))) ?? (await this.#start(wanted));
    return new Partial(part, this.#around);
  }

  hasRest(bytestream: string): boolean {
    return this.#around.kept.hasRest(hashed(bytestream));
  }

  /** Resolves to `undefined`, with the kept one removed, when it cannot be gone on with. */
  async #resume(kept: Kept, wanted: WantedPartial): Promise<OpenPart | undefined> {
    const { files, staging } = this.#around;
    try {
      const part = kept.journal.size === wanted.size && (await this.#reopen(kept, wanted));
      if (part) return part;
    } catch (error) {
      await this.#around.kept.add(kept);
      throw error;
    }
    await removePartial(files, staging, kept.id);
    return undefined;
  }

  async #reopen({ id, journal }: Kept, wanted: WantedPartial): Promise<OpenPart | undefined> {
    const { files, staging } = this.#around;
    const bytestream = wanted.bytestream && hashed(wanted.bytestream);
    const kept = { id, journal: { ...journal, bytestream } };
    const hashes = new Hashes(wanted.algorithms);
    const reservation = await this.#space.reserve(wanted.size, journal.durable);
    const opening = async () => {
      // What is killed before the bytestream opens must know it afterwards.
      if (bytestream) await writeJournal(files, staging, id, kept.journal);
      return reopenPart(files, staging, kept, hashes);
    };
    const handle = await keepingRoom(reservation, opening());
    return handle && { ...kept, handle, hashes, reservation };
  }

  async #start({ identity, name, size, algorithms }: WantedPartial): Promise<OpenPart> {
    const { files, staging, now } = this.#around;
    const hashes = new Hashes(algorithms);
    const reservation = await this.#space.reserve(size, 0);
    const id = randomUUID();
    const started = new Date(now());
    const journal = {
      ...{ name, size, started, updated: started },
      ...{ durable: 0, sha256: hashes.digest('sha256').toString('hex') },
      ...(identity === undefined ? {} : { identity: hashed(identity) }),
    };
    const handle = await keepingRoom(reservation, createPart(files, partPath(staging, id)));
    return { id, handle, hashes, journal, reservation };
  }
}

/** Releases the reservation unless the file is opened. */
async function keepingRoom<T>(reservation: Reservation, opening: Promise<T>): Promise<T> {
  let opened: T | undefined;
  try {
    opened = await opening;
    return opened;
  } finally {
    if (!opened) reservation.release();
  }
}

async function createPart(files: Files, path: string): Promise<fs.FileHandle> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return await files.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

function hashed(identity: string): string {
  return createHash('sha256').update(identity).digest('hex');
}
