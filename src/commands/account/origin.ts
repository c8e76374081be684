// Where the value of a flag came from: what is refused is to be looked for there.

import { UsageError } from '../context.js';

/** By the names that commander gives to the flags: `--service`, `$INBAND_SERVICE`, or the place in the settings file. */
export type Origins = Readonly<Record<string, string>>;

/** What has the values of flags. */
export interface Given {
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

/** A flag whose value came from the settings, as it is written there: `[send] via`, and in which file. */
const WRITTEN = /^(.+): (\[\S+\] (\S+))$/s;

/**
 * The same error, about values of several flags that do not go together. Those that stand in the settings are named as they
 * stand there, behind the file.
 */
export function excluding({ origins = {} }: Given, error: UsageError): UsageError {
  let [named, file] = [error.message, ''];
  for (const origin of Object.values(origins)) {
    const [, path, place = '', key] = WRITTEN.exec(origin) ?? [];
    const flag = new RegExp(`--${key}(?![\\w-])`, 'g');
    if (path === undefined || !flag.test(named)) continue;
    named = named.replace(flag, () => place);
    file = `${path}: `;
  }
  return new UsageError(file + named, ...error.hints);
}

/** As it is written in the table of an account, or of a command. */
export const placeOf = (path: string, table: string, flag: string): string =>
  `${path}: ${table} ${flag === 'account' ? 'jid' : flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
