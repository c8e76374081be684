import { parseUrl } from '../parse-url.js';

/** Scheme, user and password, host, port, and what stands behind them. */
const PARTS =
  /^([a-z][a-z\d+.-]*:\/\/)([^/?#\\\s]*@)?((?:[\p{L}\p{N}._-]+|\[[\da-f:.]+\])(?::\d{1,5})?)(?:([/?#])(.*))?$/isu;

/**
 * An address for people to see: its scheme, host and port, with `…` in the place of all else that it has. `…` alone where
 * it cannot be told for sure which part is which, for then any of it may be a password.
 */
export function shownAddress(uri: string): string {
  const [, scheme, user, place, mark = '', rest = ''] = PARTS.exec(uri) ?? [];
  if (scheme === undefined || rest.includes('@') || !parseUrl(uri)) return '…';
  return `${scheme}${user === undefined ? '' : '…@'}${place}${mark}${rest === '' ? '' : '…'}`;
}

/** A text for people to see, with `…` in the place of what may be user and password of an address in it. */
export const withoutUsers = (text: string): string => text.replace(/\S+/g, withoutUser);

/** An `@` in the path of a link, and the example in a hint of ours. */
const NO_USER = /^https:\/\/[\w.-]+(:\d+)?\/|:\/\/\[user:password@\]/i;

/** The same of one word, which may have spaces in it: a password may have any sign, and ends at the last `@`. */
export function withoutUser(word: string): string {
  const start = word.indexOf('://') + 3;
  const end = word.lastIndexOf('@');
  if (start < 4 || end < start) return word;
  const between = word.slice(start, end);
  const mayBeUser = between.includes(':') || !/[/?#]/.test(between);
  if (!mayBeUser || NO_USER.test(word)) return word;
  return `${word.slice(0, start)}…${word.slice(end)}`;
}
