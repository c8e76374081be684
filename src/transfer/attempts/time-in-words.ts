const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** "3 h", "90 s", "2 d": a duration in milliseconds, in the largest unit of which it is a whole number. */
export function timeInWords(ms: number): string {
  const [name, factor] = UNITS.find(([, factor]) => ms >= factor && ms % factor === 0) ?? [
    's',
    1_000,
  ];
  return `${Number((ms / factor).toFixed(digitsOf(ms)))} ${name}`;
}

/** Decimals of seconds: what is little is not nothing. */
function digitsOf(ms: number): number {
  if (ms < 100) return 3;
  return ms < 10_000 ? 1 : 0;
}

/** When something is tried again, in so many milliseconds. */
export const nextTry = (pause: number): string =>
  pause === 0 ? 'trying again' : `next try in ${timeInWords(Math.ceil(pause / 1000) * 1000)}`;
