/** How much may be under way, in how large blocks; in bytes. */
export interface Setting {
  limit: number;
  blockSize: number;
}

/** With what it delivers, or the best one so far; in bytes a millisecond. */
export interface Rated extends Setting {
  rate: number;
}

/** The next setting in one direction, which may depend on the rate of this one; nothing where there is none. */
type Step = (from: Rated) => Setting | undefined;

/** Where to look for a better setting. */
export interface Steps {
  larger: Step;
  smaller: Step;
  wider: Step;
  narrower: Step;
}

/** What has more under way must deliver more than this to be kept, and what has less at least that. */
const WORTH_MORE = 1.1;
const AS_GOOD = 0.97;
/** Where larger blocks pay, they pay much; where they do not, a short measurement may say so all the same. */
const WORTH_LARGER = 1.2;
/** Nearly twice as much from a step that doubles: the limit is far off. */
const FAR_FROM_LIMIT = 1.7;
/** Steps without gain before one direction is given up: a round trip, or a stall, may hide behind the first. */
const PATIENCE = 2;
/** Below this rate, in bytes a millisecond, bytes are scarce: larger blocks are less XML for the same payload. */
export const SCARCE_RATE = 16;
/** Periods between two looks at the neighbours; few at first for larger blocks, which may pay a little later. */
const SHORT_REST = 5;
const LONG_REST = 20;

/**
 * Finds the setting that delivers most: goes on in one direction while that pays, and then looks at the neighbours now
 * and then. Yields each setting that is to be measured, and is told the rate.
 */
export function* search(start: Setting, steps: Steps): Generator<Rated, never, number> {
  let best: Rated = { ...start, rate: yield { ...start, rate: Number.POSITIVE_INFINITY } };
  best = yield* climb(best, steps.wider, WORTH_MORE);
  best = yield* grow(best, steps);
  for (let rest = SHORT_REST; ; rest = Math.min(2 * rest, LONG_REST)) {
    const before = best;
    best = yield* grow(yield* hold(best, rest), steps);
    if (best.blockSize !== before.blockSize) rest = SHORT_REST;
    if (rest < LONG_REST) continue;
    best = yield* climb(yield* hold(best, rest), steps.wider, WORTH_MORE);
    best = yield* compare(yield* hold(best, rest), steps.smaller, WORTH_MORE);
    best = yield* compare(yield* hold(best, rest), steps.narrower, AS_GOOD);
  }
}

type Measuring = Generator<Rated, Rated, number>;

/** Larger blocks; and with what these deliver more of them may be of use. */
function* grow(from: Rated, { larger, wider }: Steps): Measuring {
  const best = yield* climb(from, larger, from.rate < SCARCE_RATE ? AS_GOOD : WORTH_LARGER);
  return best.blockSize === from.blockSize ? best : yield* climb(best, wider, WORTH_MORE);
}

/** As far in one direction as that is worth it. */
function* climb(from: Rated, step: Step, worth: number): Measuring {
  let [best, last] = [from, from];
  for (let [next, misses] = [step(from), 0]; next && misses < PATIENCE; ) {
    const rate: number = yield { ...next, rate: best.rate };
    const isFar = rate > last.rate * FAR_FROM_LIMIT;
    last = { ...next, rate };
    misses = rate > best.rate * worth ? 0 : misses + 1;
    if (misses === 0) best = last;
    next = step(last);
    if (next && isFar) next = step({ ...next, rate }) ?? next;
  }
  return best;
}

function* compare(best: Rated, step: Step, worth: number): Measuring {
  const next = step(best);
  if (!next) return best;
  const rate = yield { ...next, rate: best.rate };
  return rate >= best.rate * worth ? { ...next, rate } : best;
}

/** Goes on as it is for so many periods; the rate may have changed. */
function* hold(best: Rated, periods: number): Measuring {
  let { rate } = best;
  for (let held = 0; held < periods; held += 1) {
    const measured: number = yield { ...best, rate };
    // A server that has become slow must not be flooded until the mean says so.
    rate = measured < rate / 2 ? measured : rate + (measured - rate) / 4;
  }
  return { ...best, rate };
}
