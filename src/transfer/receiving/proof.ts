import type { IncomingOffer } from '../ways/incoming.js';
import type { Entry } from './files-under-way.js';
import type { Judged } from './key-rules.js';

/** Two transfers of one file: see `FilesUnderWay`. */
interface Turn {
  enter(): Promise<Entry>;
  letEnd(): Promise<number | undefined>;
}

/**
 * Whether the sender of a file is who it says. What is sealed may be a copy, or somebody else's, until the first of it
 * has been opened, and is not under way before: no other transfer gives way to it.
 */
export class Proof {
  /** The file is under way. */
  entry: Entry | undefined;
  /** Bytes that an earlier transfer leaves, which gives way when the proof is given; absent: none does. */
  left: number | undefined;
  #isGiven: boolean;
  readonly #judged: Judged;
  readonly #turn: Turn;

  constructor({ peerKey }: IncomingOffer, judged: Judged, turn: Turn) {
    this.#isGiven = peerKey === undefined;
    this.#judged = judged;
    this.#turn = turn;
  }

  get isGiven(): boolean {
    return this.#isGiven;
  }

  /** To be called before the offer is answered. Rejects as `FilesUnderWay.enter` does. */
  async begin(): Promise<void> {
    if (this.#isGiven) this.entry = await this.#turn.enter();
    else this.left = await this.#turn.letEnd();
  }

  /** To be called when the first of it has been opened. Rejects with `KeyNotTrusted`. */
  readonly give = async (): Promise<void> => {
    await this.#judged.proven();
    this.#isGiven = true;
  };

  /** The same for a file that is to be written. Rejects as `FilesUnderWay.enter` does, too. */
  readonly giveAndEnter = async (): Promise<void> => {
    await this.give();
    this.entry ??= await this.#turn.enter();
  };
}
