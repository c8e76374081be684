const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

/**
 * Milliseconds to wait before an attempt, the first of which is number 0 and waits for nothing: 1 s, doubled
 * each time up to 60 s. Up to half of it is left out at random (`random`: 0 up to 1), so that those who were
 * cut off together do not come back together.
 */
export function backoff(attempt: number, random: () => number): number {
  if (attempt === 0) return 0;
  const longest = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS);
  return longest * (1 - random() / 2);
}
