import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { shellOperands, shellWord } from '../../shell.js';
import { FolderInUse } from '../../transfer/inbox-errors.js';
import { makePrivateDirectory, syncDirectory } from '../directories.js';
import { unless } from '../files.js';
import { inTurn } from '../in-turn.js';
import { type Waiting, whileLocked } from '../lock/while-locked.js';
import { NoFileOfOurs, readOwn, removeOwn, writeOwn } from '../own-file.js';
import { KeysUnusable } from './keys-unusable.js';

const ENDING = '.json';
/** The names of temporary files, as `writeOwn` has them. */
const TEMPORARY = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;
/** Bytes of a file: more is not read. */
const MOST_BYTES = 65_536;

interface KeyFolderOptions extends Waiting {
  isSecret?: boolean;
}

/**
 * A folder with a file for each bare JID, named by its hash, for a JID may have what no name may. Readers need no lock,
 * since files are replaced whole.
 */
export class KeyFolder {
  readonly path: string;
  readonly #isSecret: boolean;
  readonly #waiting: Waiting;
  readonly #inTurn = inTurn();

  /** `isSecret`: files that others can read, or have made, are not used. `waiting`: how its lock is waited for. */
  constructor(path: string, { isSecret = false, ...waiting }: KeyFolderOptions = {}) {
    this.path = path;
    this.#isSecret = isSecret;
    this.#waiting = waiting;
  }

  pathOf(jid: string): string {
    return join(this.path, `${createHash('sha256').update(jid).digest('hex')}${ENDING}`);
  }

  /** Whether there is anything in the place of the file of a JID. */
  async has(jid: string): Promise<boolean> {
    return (await unless(['ENOENT', 'ENOTDIR'], fs.lstat(this.pathOf(jid)))) !== undefined;
  }

  /** What is in the file of a JID; `undefined` where there is none. Rejects with `KeysUnusable` for one that is too long. */
  read(jid: string): Promise<string | undefined> {
    return this.#read(this.pathOf(jid), jid);
  }

  /**
   * The bytes in the file of a JID, whoever can read it; `isOurs`: nobody else has made it. Nothing where there is none.
   * Rejects with `KeysUnusable` for what is no file, or is too long.
   */
  async readAnyway(jid: string): Promise<{ bytes: Buffer; isOurs: boolean } | undefined> {
    let isOurs = false;
    const bytes = await readBytes(this.pathOf(jid), (stats) => {
      isOurs = isOfOurs(stats);
    });
    return bytes && { bytes, isOurs };
  }

  /** The files of all JIDs. */
  async readAll(): Promise<string[]> {
    const texts: string[] = [];
    for (const name of await this.names()) {
      const text = await this.#read(join(this.path, name));
      if (text !== undefined) texts.push(text); // else it was removed at this moment
    }
    return texts;
  }

  async names(): Promise<string[]> {
    const names = (await unless(['ENOENT'], fs.readdir(this.path))) ?? [];
    return names.filter((name) => name.endsWith(ENDING)).sort();
  }

  /** Replaces the file of a JID; nothing: removes it. To be called with the lock. */
  async write(jid: string, text: string | undefined): Promise<void> {
    const path = this.pathOf(jid);
    if (text === undefined) await removeOwn(path);
    else await writeOwn(path, text);
    await syncDirectory(fs, this.path);
  }

  /** Writes another file for a JID, which `readAll` leaves out, and returns its path. To be called with the lock. */
  async writeBeside(jid: string, label: string, content: string | Uint8Array): Promise<string> {
    const path = `${this.pathOf(jid).slice(0, -ENDING.length)}.${label}.key`;
    await writeOwn(path, content);
    await syncDirectory(fs, this.path);
    return path;
  }

  /**
   * Does it while no other process, and nobody else here, changes the folder, which is made if it is absent. Rejects with
   * `KeysUnusable` where another one keeps it locked, with `NoFileOfOurs` where it is another user's, and with the signal's reason where that comes first.
   */
  locked<T>(job: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await makePrivateDirectory(fs, this.path);
      try {
        const cleared = async () => {
          await this.#removeLeftovers();
          return await job();
        };
        return await whileLocked(this.path, cleared, this.#waiting);
      } catch (error) {
        if (!(error instanceof FolderInUse)) throw error;
        throw new KeysUnusable(`another inband keeps ${this.path} locked`);
      }
    });
  }

  /** Removes what killed processes left: while the folder is locked, nobody else writes. */
  async #removeLeftovers(): Promise<void> {
    for (const entry of await fs.readdir(this.path, { withFileTypes: true })) {
      const isLeft = TEMPORARY.test(entry.name) && !entry.isDirectory();
      if (isLeft) await removeOwn(join(this.path, entry.name));
    }
  }

  async #read(path: string, jid?: string): Promise<string | undefined> {
    const check = (stats: Stats) => this.#isSecret && checkSecret(path, stats, jid);
    return (await readBytes(path, check))?.toString('utf8');
  }
}

const readBytes = (path: string, check: (stats: Stats) => void): Promise<Buffer | undefined> =>
  readOwn(path, { most: MOST_BYTES, check }).catch((error: Error) => {
    throw error instanceof NoFileOfOurs ? new KeysUnusable(error.message, 'move it away') : error;
  });

/** Windows has other rules. */
const isOfOurs = ({ uid }: Stats): boolean =>
  process.platform === 'win32' || uid === process.geteuid?.();

/** Throws `KeysUnusable` for a file that is not its owner's alone, or not ours. Windows has other rules. */
function checkSecret(path: string, stats: Stats, jid?: string): void {
  if (process.platform === 'win32') return;
  if (!isOfOurs(stats)) {
    throw new KeysUnusable(
      `${path} belongs to another user`,
      'set XDG_DATA_HOME to a folder of yours',
    );
  }
  if ((stats.mode & 0o077) === 0) return;
  const whose = jid === undefined ? '' : ` -a ${shellWord(jid)}`;
  throw new KeysUnusable(
    `${path} can be read by others`,
    `run: chmod 600 ${shellOperands(path)}`,
    'if that changes nothing, its disk keeps no modes: set XDG_DATA_HOME to a folder on another one',
    `if somebody may have read it, make another key: inband key replace${whose}`,
  );
}
