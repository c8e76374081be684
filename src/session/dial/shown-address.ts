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
