/**
 * What a peer must not put on a terminal: control characters (C0, DEL, C1), invisible ones that
 * turn or hide text (bidi controls, zero-width, tags), line and paragraph separators, and
 * surrogates without their other half. Unicode's categories name them all, also those yet to come.
 */
export const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text that came from a peer safe to show on one line: each unsafe character becomes `\u{…}`.
 *
 * A backslash stays as it is. The result is to be read, not parsed, so that a name which spells out
 * `\u{1b}` may pass for an escaped one; in return, text that is shown twice is escaped once.
 */
export function display(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
