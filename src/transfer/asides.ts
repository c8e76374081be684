/** What is said to a person beside the results. `--json` has no lines of it. */
export type Aside =
  /** For those who did not ask for `--quiet`; a `notice` is no cause for worry. */
  | { event: 'warning' | 'notice'; text: string }
  | Skipped
  /** For those who asked for `--verbose`. */
  | { event: 'note'; text: string }
  | Pending;

/** Something takes its time, until the promise settles; its failure is told by another event. */
interface Pending {
  event: 'pending';
  text: string;
  until: Promise<unknown>;
  /** How much of it is done, of 1, where that is known. */
  share?: (() => number | undefined) | undefined;
  /** Bytes of the whole. */
  size?: number | undefined;
}

/** The same; files that were expected are not sent: all from this one on, counted from 0 by their place in the command. */
interface Skipped {
  event: 'skipped';
  text: string;
  first: number;
}
