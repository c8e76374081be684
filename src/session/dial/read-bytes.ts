import type { Readable } from 'node:stream';

const EVENTS = ['readable', 'end', 'error', 'close'] as const;

/**
 * Reads exactly so many bytes, and leaves those behind them. Rejects when there are fewer, and with the signal's
 * reason.
 */
export function readBytes(stream: Readable, count: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // The listeners stay until it is done: each that comes anew is told of what is there already.
    const done = () => {
      for (const event of EVENTS) stream.off(event, look);
      signal.removeEventListener('abort', look);
    };
    const look = () => {
      const bytes: Buffer | null = signal.aborted ? null : stream.read(count);
      const isOver = bytes || signal.aborted || stream.readableEnded || stream.destroyed;
      if (!isOver) return;
      done();
      if (bytes?.length === count) resolve(bytes);
      else reject(signal.aborted ? signal.reason : (stream.errored ?? new Error(CLOSED)));
    };
    for (const event of EVENTS) stream.on(event, look);
    signal.addEventListener('abort', look);
    look();
  });
}

const CLOSED = 'the other side closed the connection';
