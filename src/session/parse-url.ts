/**
 * The URL that a text is, and `undefined` where it is none. In the place of `URL.canParse`, which on Node 20 says no to
 * letters as `ü`, whatever the URL, after it has been called some thousand times.
 */
export function parseUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
