import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { WantedPartial } from '../../transfer/receiving/inbox.js';
import type { Files } from '../files.js';
import type { Hashes } from '../running-hashes.js';
import { hashed, type Journal } from './journal.js';
import type { Reservation } from './reservation.js';

/** Releases the reservation unless the file is opened. */
export async function keepingRoom<T>(reservation: Reservation, opening: Promise<T>): Promise<T> {
  let opened: T | undefined;
  try {
    opened = await opening;
    return opened;
  } finally {
    if (!opened) reservation.release();
  }
}

export async function createPart(files: Files, path: string): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return await files.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/** What is written down of a partial that is new. */
export function newJournal(
  { identity, account, name, size }: WantedPartial,
  hashes: Hashes,
  started: Date,
): Journal {
  return {
    ...{ name, size, started, updated: started },
    ...{ durable: 0, sha256: hashes.digest('sha256').toString('hex') },
    ...(identity === undefined ? {} : { identity: hashed(identity) }),
    ...(account === undefined ? {} : { account: hashed(account) }),
  };
}
