/** Characters that an account may write each time its turn comes; the rest of them is for its next turn. */
const QUANTUM = 1_024;

export interface Parcel {
  account: string;
  characters: number;
  /** What it takes of the turns of its account; nothing where others did not make us send it. */
  cost: number;
  isRefusal: boolean;
  write(): void;
  fail(error: Error): void;
}

interface Line {
  parcels: Parcel[];
  credit: number;
}

/** Gives each account its turn, by characters (deficit round robin). What is for one account stays in order. */
export class Queue {
  /** The first is the next whose turn it is. */
  readonly #lines = new Map<string, Line>();

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  has(account: string): boolean {
    return this.#lines.has(account);
  }

  push(parcel: Parcel): void {
    const line = this.#lines.get(parcel.account);
    if (line) line.parcels.push(parcel);
    else this.#lines.set(parcel.account, { parcels: [parcel], credit: QUANTUM });
  }

  shift(): Parcel | undefined {
    // A map is read in the order in which it was written, and what is written anew meanwhile comes at the end.
    for (const [account, line] of this.#lines) {
      const [parcel] = line.parcels as [Parcel];
      if (parcel.cost <= line.credit) return this.#take(account, line);
      line.credit += QUANTUM;
      this.#lines.delete(account);
      this.#lines.set(account, line);
    }
    return undefined;
  }

  #take(account: string, line: Line): Parcel {
    const parcel = line.parcels.shift() as Parcel;
    line.credit -= parcel.cost;
    if (line.parcels.length === 0) this.#lines.delete(account);
    return parcel;
  }
}
