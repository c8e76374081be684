import { close, constants, fstat, open, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { unless } from './files.js';

/** How often to look whether a FIFO has got its reader, in milliseconds. */
const LOOK_MS = 100;

/**
 * Writes to a FIFO once somebody reads from it, or rejects with the signal's reason. A blocking call would wait in
 * a thread of Node's pool, which no signal ends. `check` throws for what was opened, and is not to be written to.
 */
export async function writePipe(
  path: string,
  bytes: Uint8Array,
  signal: AbortSignal,
  check: (opened: Stats) => void,
): Promise<void> {
  const pipe = await openForReader(path, signal).then((fd) => pipeOf(fd, check));
  await pipeline(Readable.from([bytes]), pipe, { signal }).catch((error) => {
    signal.throwIfAborted();
    throw error;
  });
}

async function pipeOf(fd: number, check: (opened: Stats) => void): Promise<Socket> {
  try {
    check(await promisify(fstat)(fd));
    return new Socket({ fd, readable: false, writable: true });
  } catch (error) {
    await promisify(close)(fd);
    throw error;
  }
}

async function openForReader(path: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    signal.throwIfAborted();
    // open(2): ENXIO as long as nobody reads.
    const opened = promisify(open)(path, constants.O_WRONLY | constants.O_NONBLOCK);
    const fd = await unless(['ENXIO'], opened);
    if (fd !== undefined) return fd;
    await wait(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
