import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { syncDirectory } from '../directories.js';
import type { Files } from '../files.js';
import { NoFileOfOurs, readOwn, writeOwn } from '../own-file.js';
import { isCount, isPath, matches, parseObject, parseTime } from '../untrusted.js';

// `<id>.json` says how much of `<id>.part` is on disk, and which transfer it belongs to. It never says more than is
// true after a power cut: the data is synced first, then the journal is replaced in one step.

export interface Journal {
  /** SHA-256 of the identity, lower-case hex; without it nothing is kept. */
  identity?: string;
  /** SHA-256 of the account that it came from, lower-case hex; older versions did not write it. */
  account?: string;
  /** SHA-256 of the name of the channel that was to bring the rest, lower-case hex; on disk it is `bytestream`. */
  channel?: string;
  /** As the peer gave it; for people who look into the folder. */
  name?: string;
  /** Bytes of the whole file. */
  size?: number;
  /** Bytes of the partial that are on disk. */
  durable: number;
  /** Digest of those bytes; lower-case hex. */
  sha256: string;
  /** Path below the inbox that an empty file may hold for this partial, where there are no hard links. */
  placeholder?: string;
  started: Date;
  updated: Date;
}

/** Bytes. All but the names is of fixed length. */
const MAX_SIZE = 65_536;
const MAX_NAME_LENGTH = 1024;

const SHA256 = /^[0-9a-f]{64}$/;

/** As it is on the disk. */
export function journalText({ channel, ...journal }: Journal): string {
  const name = journal.name?.slice(0, MAX_NAME_LENGTH);
  return JSON.stringify({ ...journal, bytestream: channel, name });
}

/** Replaces the journal of a partial, durably. */
export async function writeJournal(
  files: Files,
  folder: string,
  id: string,
  journal: Journal,
): Promise<void> {
  await writeOwn(journalPath(folder, id), journalText(journal), { files });
  await syncDirectory(files, folder);
}

/** `undefined` for anything that `writeJournal` does not write. */
export async function readJournal(
  files: Files,
  folder: string,
  id: string,
): Promise<Journal | undefined> {
  const reading = readOwn(journalPath(folder, id), { files, most: MAX_SIZE });
  const bytes = await reading.catch((error: Error) => {
    if (!(error instanceof NoFileOfOurs)) throw error;
    return undefined;
  });
  return bytes && parseJournal(bytes.toString('utf8'));
}

export const journalPath = (folder: string, id: string) => join(folder, `${id}.json`);

export const partPath = (folder: string, id: string) => join(folder, `${id}.part`);

/** Names come from peers, and the file may be damaged: all that `writeJournal` would not write is refused. */
export function parseJournal(text: string): Journal | undefined {
  const { identity, account, bytestream: channel, name, size, ...others } = parseObject(text);
  const { durable, sha256, placeholder, ...times } = others;
  const [started, updated] = [parseTime(times.started), parseTime(times.updated)];
  if (!started || !updated || !isCount(durable) || !matches(sha256, SHA256)) return undefined;
  if (identity !== undefined && !matches(identity, SHA256)) return undefined;
  if (account !== undefined && !matches(account, SHA256)) return undefined;
  if (channel !== undefined && !matches(channel, SHA256)) return undefined;
  if (name !== undefined && !matches(name, /^.{0,1024}$/su)) return undefined;
  if (size !== undefined && !(isCount(size) && durable <= size)) return undefined;
  if (placeholder !== undefined && !isPath(placeholder)) return undefined;
  return {
    ...{ identity, account, channel, name, size },
    ...{ durable, sha256, placeholder, started, updated },
  };
}

/** As names of transfers, accounts and channels stand in it. */
export function hashed(identity: string): string {
  return createHash('sha256').update(identity).digest('hex');
}
