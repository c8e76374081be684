import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Files } from '../files.js';
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
