/** Nothing in it means anything to a shell, wherever it stands. */
const PLAIN = /^[\p{L}\p{N}_@+:./-]+$/u;

/** May not show on a terminal, or is changed there. */
const UNSEEN = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** Stands for a word that cannot be written: shells refuse it where it is pasted. */
const UNWRITABLE = '<…>';

/**
 * A text as one word of a command that is printed to be pasted, with quotes where it needs some: right for each POSIX
 * shell. `<…>` stands for what would not show, as the quotes that could write it (`$'…'`) are other ones to some shells,
 * and on Windows for what no one form is right for in both of its shells.
 */
export function shellWord(text: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return wordOnWindows(text);
  if (PLAIN.test(text)) return text;
  return UNSEEN.test(text) ? UNWRITABLE : shellQuoted(text);
}

/** The same behind the flags of a command: what begins like a flag is none there. */
export const shellOperands = (...texts: string[]): string =>
  [...(texts.some(isLikeFlag) ? ['--'] : []), ...texts].map((text) => shellWord(text)).join(' ');

/** One word for a POSIX shell, in quotes in any case. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const isLikeFlag = (text: string): boolean => /^-./s.test(text);

/** What `"…"` leaves alone both in PowerShell, which has more quotes than one, and in cmd, which knows no escape for `%`. */
const SAFE_ON_WINDOWS = /^[\p{L}\p{M}\p{N} _@+:.,/\\='~#()[\]{}-]*$/u;

/**
 * What stands in both PowerShell and cmd for the text and nothing else; for what no form does in both, a gap that is to
 * be filled in. A backslash at the end would go together with the quote behind it.
 */
function wordOnWindows(text: string): string {
  const isPlain = PLAIN.test(text.replaceAll('\\', '/')) && !/^(@|-.)/.test(text);
  if (isPlain) return text;
  return SAFE_ON_WINDOWS.test(text) && !text.endsWith('\\') ? `"${text}"` : UNWRITABLE;
}
