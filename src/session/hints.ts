const known = new WeakMap<Error, readonly string[]>();

/** Says beside an error what a person can do about it: a line each. Returns the error. */
export function withHints<E extends Error>(error: E, ...lines: string[]): E {
  known.set(error, lines);
  return error;
}

/** What was said with `withHints`. */
export const ownHints = (error: Error): readonly string[] => known.get(error) ?? [];
