import { type Clock, systemClock } from '../../session/clock.js';
import { OfferedAgain, StillUnderWay } from '../reception-errors.js';
import type { IncomingOffer } from '../ways/incoming.js';
import { identityOf } from './identity.js';

/** A block takes less, at any rate that servers allow. */
const STALL_MS = 5_000;

interface UnderWay {
  file: IncomingOffer;
  /** How often something of it has come. */
  moves: number;
  /** Bytes of it that are there. */
  bytes: number;
  /** For an earlier one to give way. */
  isWaiting: boolean;
  /** Another one has come to take its place. */
  isClaimed: boolean;
  hasEnded: boolean;
  /** Whole: it keeps its place for what is to be done for it. */
  hasArrived: boolean;
  /** Resolves when nothing of it is left to do. */
  ended: Promise<void>;
  end(): void;
}

/** What a transfer tells of itself while it is under way. */
export interface Entry {
  /** Something of it has come. */
  moved(): void;
  /** So many bytes of it are there. */
  reached(bytes: number): void;
  leave(hasArrived: boolean): void;
}

/**
 * The files that are being received. Servers keep quiet about a sender that was killed, so that its file would be under
 * way for minutes, while the same person offers it anew, and wants to go on where it stopped.
 */
export class FilesUnderWay {
  readonly #files = new Map<string, UnderWay>();
  /** The earlier transfers whose place these are to take. */
  readonly #claims = new Map<IncomingOffer, UnderWay>();
  /** The earlier transfers that these have seen stalled, and how far they were. */
  readonly #stalled = new WeakMap<IncomingOffer, { earlier: UnderWay; moves: number }>();
  readonly #clock: Clock;

  constructor(clock = systemClock) {
    this.#clock = clock;
  }

  /**
   * The earlier transfer of the same file whose place it is to take, if there is one: nobody else may until it is
   * released, however long it takes to show who it is of.
   */
  claim(file: IncomingOffer): IncomingOffer | undefined {
    const key = identityOf(file);
    const earlier = key === undefined ? undefined : this.#files.get(key);
    if (!earlier || earlier.isWaiting || earlier.isClaimed) return undefined;
    earlier.isClaimed = true;
    this.#claims.set(file, earlier);
    return earlier.file;
  }

  /** It is over, whether it has taken that place or not. */
  release(file: IncomingOffer): void {
    const earlier = this.#claims.get(file);
    if (earlier) earlier.isClaimed = false;
    this.#claims.delete(file);
  }

  /**
   * Resolves when no stalled transfer of the same file is in the way; it is broken off. One that goes on stays; where
   * there is room only for one of them (`mustReplace`), that is `StillUnderWay`, and so is one that arrives meanwhile.
   */
  async enter(file: IncomingOffer, signal: AbortSignal, mustReplace = false): Promise<Entry> {
    const key = identityOf(file);
    const earlier = key === undefined ? undefined : this.#files.get(key);
    const { added, entry } = this.#add(key, file);
    try {
      if (earlier) {
        added.isWaiting = true;
        const keepsPlace = await this.#giveWay(earlier, file, signal);
        if (keepsPlace && mustReplace) throw new StillUnderWay('it is being received already');
        added.isWaiting = false;
      }
    } catch (error) {
      entry.leave(false);
      // The one that goes on can be replaced later.
      if (key !== undefined && earlier && !earlier.hasEnded) this.#files.set(key, earlier);
      throw error;
    }
    return entry;
  }

  /**
   * Resolves when an earlier transfer of the same file has ended, or has not for a while. Nothing is done to it: one that
   * has stalled gives way as soon as this file enters. Resolves to the bytes that it leaves then; `undefined`: none gives way.
   */
  async letEnd(file: IncomingOffer, signal: AbortSignal): Promise<number | undefined> {
    const earlier = this.#files.get(identityOf(file) ?? '');
    if (!earlier) return undefined;
    const { moves } = earlier;
    if ((await this.#pause(earlier, signal)) || earlier.moves > moves) return undefined;
    this.#stalled.set(file, { earlier, moves });
    return earlier.bytes;
  }

  /** Returns whether it has ended meanwhile. */
  async #pause(earlier: UnderWay, signal: AbortSignal): Promise<boolean> {
    const over = new AbortController();
    void earlier.ended.then(() => over.abort());
    const awake = AbortSignal.any([signal, over.signal]);
    // When the connection has gone, nothing else may keep the process running that is to come back.
    await this.#clock.sleep(STALL_MS, awake, { ref: true }).catch(() => signal.throwIfAborted());
    return over.signal.aborted;
  }

  /** Returns whether it keeps its place. */
  async #giveWay(earlier: UnderWay, file: IncomingOffer, signal: AbortSignal): Promise<boolean> {
    const seen = this.#stalled.get(file);
    const wasSeen = seen?.earlier === earlier;
    const before = wasSeen ? seen.moves : earlier.moves;
    const hasEnded = wasSeen ? earlier.hasEnded : await this.#pause(earlier, signal);
    if (!hasEnded && earlier.moves > before) return true;
    earlier.file.fail(new OfferedAgain('the sender has begun anew'));
    await earlier.ended;
    return earlier.hasArrived;
  }

  #add(key: string | undefined, file: IncomingOffer): { added: UnderWay; entry: Entry } {
    const added = underWay(file);
    if (key !== undefined) this.#files.set(key, added);
    const entry = {
      moved: () => {
        added.moves += 1;
      },
      reached: (bytes: number) => {
        added.moves += 1;
        added.bytes = bytes;
      },
      leave: (hasArrived: boolean) => {
        if (key !== undefined && this.#files.get(key) === added) this.#files.delete(key);
        added.hasEnded = true;
        added.hasArrived = hasArrived;
        added.end();
      },
    };
    return { added, entry };
  }
}

function underWay(file: IncomingOffer): UnderWay {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    ...{ file, moves: 0, bytes: 0, isWaiting: false, isClaimed: false },
    ...{ hasEnded: false, hasArrived: false, ended, end },
  };
}
