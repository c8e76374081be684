import { constants } from 'node:fs';
import { type Files, unless } from '../files.js';

/** Resolves after `ms`; rejects when the signal aborts. Keeps the process running only with `ref`. */
export type Sleep = (ms: number, signal: AbortSignal, options?: { ref: boolean }) => Promise<void>;

export interface Beating {
  files: Files;
  /** Milliseconds since 1970. */
  now: () => number;
  sleep: Sleep;
}

const BEAT_MS = 5_000;
const LOOK_MS = 1_000;
/** Six beats: a disk over the network may be away for some of them. */
export const STILL_MS = 30_000;

/**
 * Gives the file a new time every 5 s, which others can see who cannot ask for the process: in another container, or on
 * another host. Resolves when the file is gone, or the signal aborts.
 */
export async function beat(path: string, beating: Beating, signal: AbortSignal): Promise<void> {
  const { files, now, sleep } = beating;
  while (!signal.aborted) {
    // Cut short, it is over, and the loop ends.
    await sleep(BEAT_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      if (!(await touch(files, path, new Date(now())))) return;
    } catch {
      // The disk is full, or away; it may be better at the next beat, and who publishes looks for itself.
    }
  }
}

/**
 * Whether the file gets a new time within 30 s: no clock is compared with another one. Resolves to false as soon as the
 * file is gone. Rejects with the signal's reason.
 */
export async function isBeating(
  path: string,
  { files, sleep }: Beating,
  signal: AbortSignal,
): Promise<boolean> {
  const before = await timeOf(files, path);
  for (let waited = 0; waited < STILL_MS; waited += LOOK_MS) {
    await sleep(LOOK_MS, signal, { ref: true }).catch(() => signal.throwIfAborted());
    const time = await timeOf(files, path);
    if (time === undefined) return false;
    if (time !== before) return true;
  }
  return false;
}

/** Returns whether the file is there. */
async function touch(files: Files, path: string, time: Date): Promise<boolean> {
  const handle = await unless(['ENOENT'], openNow(files, path, constants.O_RDWR));
  if (!handle) return false;
  try {
    // Where times cannot be set, writing sets one.
    await handle.utimes(time, time).catch(() => handle.write('.', 0));
  } finally {
    await handle.close();
  }
  return true;
}

/** NFS asks the server when a file is opened; what it says of one that is not may be a minute old. */
async function timeOf(files: Files, path: string): Promise<number | undefined> {
  const handle = await unless(['ENOENT'], openNow(files, path, constants.O_RDONLY));
  if (!handle) return undefined;
  try {
    return (await handle.stat()).mtimeMs;
  } finally {
    await handle.close();
  }
}

/** Nothing is waited for where something else than a file is in its place, such as a pipe. */
const openNow = (files: Files, path: string, flags: number) =>
  files.open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
