import type { Clock } from '../../session/clock.js';
import type { Session } from '../../session/session.js';
import { ChannelLost } from '../channel.js';
import type { Bytestream } from './bytestream.js';
import { findPeer } from './peer.js';

/** What a peer must do to keep a bytestream that it opened. All in milliseconds and bytes. */
export interface LeastPace {
  /** Milliseconds without a block. */
  maxIdleMs: number;
  /**
   * Idle time counts only while the peer answers: one whose connection is being resumed does not, and can go on where
   * it was.
   */
  idlesWhileSilent?: boolean | undefined;
  /** Bytes that must come in each period. */
  minBytes: number;
  /** Milliseconds. */
  periodMs: number;
  /** Milliseconds until it must be over, however fast it is. */
  lifetimeMs: number;
}

/** What comes of a peer's. */
interface Arriving {
  readonly incoming: { readonly bytes: number; readonly areUnsettled: boolean };
}

/** After this long without a block the peer is looked for. */
const CHECK_MS = 30_000;

/**
 * Ends a bytestream whose peer was killed, for it does not close and would hold its place for ever; and, where there
 * is a pace, one that does not keep it until its end has come. Resolves when the bytestream is over.
 */
export async function watchPeer(
  session: Session,
  stream: Bytestream,
  clock: Clock,
  pace?: LeastPace,
): Promise<void> {
  if (stream.closed) return; // while it was being accepted
  const over = new AbortController();
  stream.once('close', () => over.abort());
  const slowness = pace && new Slowness(stream, pace, clock.now());
  for (let before = 0; !over.signal.aborted; before = stream.incoming.blocks) {
    // Cut short, it is over, and the loop ends.
    await clock.sleep(CHECK_MS, over.signal).catch(() => undefined);
    const idle = stream.incoming.blocks === before && !over.signal.aborted;
    const found = idle ? await askFor(session, stream.peer, clock) : 'there';
    if (over.signal.aborted) return;
    if (found === 'gone') stream.abandon(new ChannelLost(`${stream.peer} is gone`));
    else if (stream.readableEnded) continue;
    const why = slowness?.check(clock.now(), found !== 'silent');
    if (why) stream.destroy(new ChannelLost(`${stream.peer} ${why}`));
  }
}

/** Does as `findPeer`, by this clock: the wait ends with the bytestream. */
async function askFor(session: Session, peer: string, clock: Clock) {
  const answered = new AbortController();
  const late = clock.sleep(CHECK_MS, answered.signal).then(
    () => 'silent' as const,
    () => 'there' as const,
  );
  try {
    return await Promise.race([findPeer(session, peer), late]);
  } finally {
    answered.abort();
  }
}

/** Whether a peer keeps the pace. */
export class Slowness {
  readonly #stream: Arriving;
  readonly #pace: LeastPace;
  readonly #began: number;
  #last: { at: number; bytes: number };
  #period: { at: number; bytes: number };

  constructor(stream: Arriving, pace: LeastPace, now: number) {
    this.#stream = stream;
    this.#pace = pace;
    this.#began = now;
    this.#last = { at: now, bytes: 0 };
    this.#period = this.#last;
  }

  /** What is wrong with the peer, if something is. */
  check(now: number, answers: boolean): string | undefined {
    const { maxIdleMs, idlesWhileSilent = false, minBytes, periodMs, lifetimeMs } = this.#pace;
    const bytes = this.#stream.incoming.bytes;
    // A peer that waits for us cannot send more.
    const waits = this.#stream.incoming.areUnsettled;
    const mayBeSilent = waits || (idlesWhileSilent && !answers);
    if (bytes !== this.#last.bytes || mayBeSilent) this.#last = { at: now, bytes };
    if (waits) this.#period = { at: now, bytes };
    if (now - this.#last.at >= maxIdleMs) return 'sends nothing';
    if (now - this.#began >= lifetimeMs) return 'takes too long';
    if (now - this.#period.at < periodMs) return undefined;
    const isSlow = bytes - this.#period.bytes < minBytes;
    this.#period = { at: now, bytes };
    return isSlow ? 'sends too little' : undefined;
  }
}
