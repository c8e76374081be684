import type { Window } from '../../../../src/protocol/ibb/sending/window.js';

/** Bytes of a block's stanza beside its base64. */
export const FRAME = 300;

/** When a stanza of so many bytes of payload has passed that was sent then; in milliseconds. */
type Passed = (bytes: number, now: number) => number;

/** A server that lets a burst pass, and then so many bytes of stanzas a second. */
export function limiter(bytesPerSecond: number, burst: number): Passed {
  let [sent, at] = [0, 0];
  return (bytes, now) => {
    sent += (bytes * 4) / 3 + FRAME;
    at = Math.max(at, now, ((sent - burst) / bytesPerSecond) * 1000);
    return at;
  };
}

interface Run {
  blocks: { size: number; sentAt: number }[];
  bytes: number;
  passedAt: number;
}

const emptyRun = (): Run => ({ blocks: [], bytes: 0, passedAt: 0 });

export interface Carried {
  /** Bytes in all. */
  delivered: number;
  /** After the first minute: milliseconds without an answer, at most. */
  longest: number;
  /** After the first minute: bytes in a block, at most. */
  largest: number;
}

/**
 * Keeps a window full for so many milliseconds of a made-up clock. Each block has an answer of its own; with `runBytes`
 * blocks have one together, as messages do: the answer to what is asked behind so many bytes.
 */
export function carry(
  window: Window,
  passed: Passed,
  ms: number,
  runBytes: () => number = () => 0,
): Carried {
  const carried: Carried = { delivered: 0, longest: 0, largest: 0 };
  const asked: Run[] = [];
  let run = emptyRun();
  let [now, underWay, last] = [0, 0, 0];
  const ask = () => {
    asked.push(run);
    run = emptyRun();
  };
  while (now < ms) {
    while (underWay === 0 || underWay + window.blockSize <= window.limit) {
      const size = window.blockSize;
      run.blocks.push({ size, sentAt: now });
      run.bytes += size;
      run.passedAt = passed(size, now);
      underWay += size;
      if (now > 60_000) carried.largest = Math.max(carried.largest, size);
      if (asked.length === 0 || run.bytes >= runBytes()) ask();
    }
    const { blocks, passedAt } = asked.shift() as Run;
    now = Math.max(passedAt, now + 1);
    if (now > 60_000) carried.longest = Math.max(carried.longest, now - last);
    last = now;
    for (const { size, sentAt } of blocks) {
      underWay -= size;
      carried.delivered += size;
      window.acknowledged({ bytes: size, sentAt, now, full: true });
    }
    if (asked.length === 0 && run.bytes > 0) ask();
  }
  return carried;
}
