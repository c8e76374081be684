/** Nothing in it means anything to a shell, wherever it stands. */
const PLAIN = /^[\p{L}\p{N}_@+:./-]+$/u;

/** May not show on a terminal, or is changed there. */
const UNSEEN = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/**
 * A text as one word of a command that is printed to be pasted, with quotes where it needs some. Right for a POSIX shell
 * whatever is in it; on Windows `<…>` where no one form is right for both of its shells.
 */
export function shellWord(text: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return wordOnWindows(text);
  if (PLAIN.test(text)) return text;
  if (text.search(UNSEEN) < 0) return shellQuoted(text);
  const escaped = text.replace(/['\\]/g, '\\$&').replace(UNSEEN, inOctal);
  return `$'${escaped}'`; // POSIX.1-2024, and what bash, zsh and ksh have long had
}

/** The same behind the flags of a command: what begins like a flag is none there. */
export const shellOperands = (...texts: string[]): string =>
  [...(texts.some(isLikeFlag) ? ['--'] : []), ...texts].map((text) => shellWord(text)).join(' ');

/** One word for a POSIX shell, in quotes in any case. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const isLikeFlag = (text: string): boolean => /^-./s.test(text);

const inOctal = (character: string): string =>
  [...new TextEncoder().encode(character)]
    .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
    .join('');

/** What `"…"` leaves alone both in PowerShell, which has more quotes than one, and in cmd, which knows no escape for `%`. */
const SAFE_ON_WINDOWS = /^[\p{L}\p{M}\p{N} _@+:.,/\\='~#()[\]{}-]*$/u;

/** Stands for a word that cannot be written: both shells refuse it where it is pasted. */
const UNWRITABLE = '<…>';

/**
 * What stands in both PowerShell and cmd for the text and nothing else; for what no form does in both, a gap that is to
 * be filled in. A backslash at the end would go together with the quote behind it.
 */
function wordOnWindows(text: string): string {
  const isPlain = PLAIN.test(text.replaceAll('\\', '/')) && !/^(@|-.)/.test(text);
  if (isPlain) return text;
  return SAFE_ON_WINDOWS.test(text) && !text.endsWith('\\') ? `"${text}"` : UNWRITABLE;
}
