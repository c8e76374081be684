import { extname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** Bytes of UTF-8; leaves room for a suffix such as ` (1)` in the 255 that file systems allow. */
const MAX_NAME_BYTES = 200;

/** Bytes of UTF-8, with the dot; a longer "extension" is cut like the rest of the name. */
const MAX_EXTENSION_BYTES = 16;

/**
 * Controls, lone surrogates, line and paragraph separators, and all that is drawn as nothing or turns the
 * text round it (zero-width, bidi, fillers, variation selectors, tags, annotations).
 */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]/gu;

/** Not allowed in names on Windows; `:` would also open an alternate data stream there. */
const FORBIDDEN = /[<>:"|?*]/g;

/** What Windows takes for a device, whatever the extension. */
const RESERVED =
  /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00B9\u00B2\u00B3])\s*(?:\.|$)/iu;

/**
 * Makes one path component of whatever a peer offers as a file name: never empty, never hidden, at most 200 bytes,
 * NFC, fit for Linux, macOS and Windows. A safe name stays as it is.
 */
export function safeName(offered: string): string {
  // Unseen characters go first: one could hide between two dots, or between a letter and its accent.
  const name = offered.replace(UNSEEN, '').normalize('NFC');
  const component = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  const visible = component.replace(FORBIDDEN, '_').replace(/^[\s.]+/u, '');
  // Twice: the first cut may lay a reserved name bare, and the mark put before one may need a second cut.
  return cut(markReserved(cut(visible))) || 'file';
}

function markReserved(name: string): string {
  return RESERVED.test(name) ? `_${name}` : name;
}

/** At most `MAX_NAME_BYTES`, a short extension kept, no dot or space at the end. */
function cut(name: string): string {
  const trimmed = trimEnd(name);
  if (Buffer.byteLength(trimmed) <= MAX_NAME_BYTES) return trimmed;
  const extension = extname(trimmed);
  const kept = Buffer.byteLength(extension) <= MAX_EXTENSION_BYTES ? extension : '';
  return trimEnd(firstBytes(trimmed, MAX_NAME_BYTES - Buffer.byteLength(kept)) + kept);
}

function trimEnd(name: string): string {
  return name.replace(/[\s.]+$/u, '');
}

/** The whole code points within the first `count` bytes of UTF-8. */
function firstBytes(text: string, count: number): string {
  return new StringDecoder('utf8').write(Buffer.from(text).subarray(0, count));
}
