import { parseUrl } from '../../session/parse-url.js';

/** Longer than any that was seen: those of large clouds, which sign them, have some 1,500 characters. */
const MAX_URL_LENGTH = 4096;

/** A URL that may be asked for: by HTTPS, and with nobody's name and password in it. */
export function readHttpsUrl(text: string | undefined): URL | undefined {
  if (!text || text.length > MAX_URL_LENGTH) return undefined;
  const url = parseUrl(text);
  const isPlain = url?.protocol === 'https:' && url.username === '' && url.password === '';
  return isPlain ? url : undefined;
}
