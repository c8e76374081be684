import { extname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** Bytes of UTF-8: what file systems allow. */
export const MAX_NAME_BYTES = 255;

/** In code units. More of a name is not looked at: to compose it takes time that grows faster than its length. */
const MAX_LOOKED_AT = 1024;

/** Bytes of UTF-8, with the dot; a longer "extension" is cut like the rest of the name. */
const MAX_EXTENSION_BYTES = 16;

/**
 * Controls, lone surrogates, line and paragraph separators, and all that is drawn as nothing or turns the
 * text round it (zero-width, bidi, fillers, variation selectors, tags, annotations). Joiners are for `STRAY`.
 */
const UNSEEN =
  /(?!\u200C|\u200D|\uFE0F)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]/gu;

/** Scripts whose spelling needs joiners between letters: in others they would only make two names look like one. */
const JOINED = [
  ...['Arabic', 'Syriac', 'Mongolian', 'Nko', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati'],
  ...['Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Khmer', 'Myanmar', 'Tibetan'],
]
  .map((script) => `\\p{Script=${script}}`)
  .join('');

/** A joiner or emoji selector that has not its place: between two letters, between two emoji, behind one. */
const STRAY = new RegExp(
  [
    `(?!(?<=[${JOINED}])[\\u200C\\u200D](?=[${JOINED}]))`,
    '(?!(?<=(?:\\p{Extended_Pictographic}\\uFE0F?|\\p{Emoji_Modifier}))\\u200D(?=\\p{Extended_Pictographic}))',
    '(?!(?<=\\p{Extended_Pictographic})\\uFE0F)',
    '(?!(?<=[0-9#])\\uFE0F(?=\\u20E3))',
    '[\\u200C\\u200D\\uFE0F]',
  ].join(''),
  'gu',
);

/** Joiners at the end, whose other half may have been cut off; for short texts. */
export const DANGLING = /(?:\u200C|\u200D|\uFE0F|[\s.])+$/u;

/** Not allowed in names on Windows; `:` would also open an alternate data stream there. */
const FORBIDDEN = /[<>:"|?*]/g;

/** Names that Windows takes for devices, whatever the extension. */
const RESERVED =
  /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00B9\u00B2\u00B3])\s*(?:\.|$)/iu;

/**
 * Makes one path component of whatever a peer offers as a file name: never empty, never hidden, no option of a
 * command, at most 255 bytes, NFC, fit for Linux, macOS and Windows. A safe name stays as it is.
 */
export function safeName(offered: string): string {
  const start = Math.max(offered.lastIndexOf('/'), offered.lastIndexOf('\\')) + 1;
  const component = offered.slice(start, start + MAX_LOOKED_AT);
  // Unseen characters go first: one could hide between two dots, or between a letter and its accent.
  const name = component.replace(UNSEEN, '').replace(STRAY, '').normalize('NFC');
  const visible = name.replace(FORBIDDEN, '_').replace(/^[\s.]+/u, '');
  // Twice: the first cut may lay a reserved name bare, and the mark put before one may need a second cut.
  return cut(mark(cut(visible))) || 'file';
}

/** A name that begins with `-` is an option to a command that is given `*`. */
function mark(name: string): string {
  return RESERVED.test(name) || name.startsWith('-') ? `_${name}` : name;
}

/** At most `MAX_NAME_BYTES`, a short extension kept, no dot or space at the end. */
function cut(name: string): string {
  const trimmed = trimEnd(name);
  if (Buffer.byteLength(trimmed) <= MAX_NAME_BYTES) return trimmed;
  const extension = extname(trimmed);
  const kept = Buffer.byteLength(extension) <= MAX_EXTENSION_BYTES ? extension : '';
  const stem = firstBytes(trimmed, MAX_NAME_BYTES - Buffer.byteLength(kept));
  return trimEnd(stem.replace(DANGLING, '') + kept);
}

function trimEnd(name: string): string {
  let end = name.length;
  // No expression does this in linear time where many dots are followed by something else.
  while (end > 0 && /[\s.]/.test(name.charAt(end - 1))) end -= 1;
  return name.slice(0, end);
}

/** The whole code points within the first `count` bytes of UTF-8. */
export function firstBytes(text: string, count: number): string {
  return new StringDecoder('utf8').write(Buffer.from(text).subarray(0, count));
}
