// Where the value of a flag came from: what is refused is to be looked for there.

/** By the names that commander gives to the flags: `--service`, `$INBAND_SERVICE`, or the place in the settings file. */
export type Origins = Readonly<Record<string, string>>;

/** What has the values of flags. */
interface Given {
  /** No flag. */
  origins?: Origins | undefined;
}

const known = new WeakMap<Error, string>();

/** What is wrong with a value, behind where that came from, unless that is said already. */
export function withOrigin(text: string, error: Error): string {
  const origin = known.get(error);
  return origin === undefined || text.startsWith(origin) ? text : `${origin}: ${text}`;
}

/** What to do with an error that is about the value of a flag: it is thrown with where that came from. */
export const asOf =
  ({ origins }: Given, flag: string) =>
  (error: Error): never => {
    const origin = origins?.[flag];
    if (origin !== undefined) known.set(error, origin);
    throw error;
  };

/** What `read` makes of the value of a flag. */
export function naming<T>(given: Given, flag: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    return asOf(given, flag)(error as Error);
  }
}

/** As it is written in the table of an account, or of a command. */
export const placeOf = (path: string, table: string, flag: string): string =>
  `${path}: ${table} ${flag === 'account' ? 'jid' : flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
