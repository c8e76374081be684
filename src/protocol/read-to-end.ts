import type { Duplex } from 'node:stream';

/**
 * Reads a channel by a loop, as its `Symbol.asyncIterator`. At the end our own side stays open, where Node would break the
 * channel off before what came is safe; a loop that is left before does break it off, as of any stream.
 */
export async function* readToEnd(this: Duplex): NodeJS.AsyncIterator<Buffer> {
  let isOver = false;
  try {
    yield* this.iterator({ destroyOnReturn: false });
    isOver = true;
  } finally {
    if (!isOver) this.destroy();
  }
}
