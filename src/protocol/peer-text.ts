// How much of a peer's words is read. What comes in is stored, shown, handed on and sent back, so that each reader of
// stanzas bounds its texts before anything else looks at them.
import { StringDecoder } from 'node:string_decoder';

/** Bytes of UTF-8: of the name of a file, and of what is said about it. */
const MAX_TEXT_BYTES = 1024;

/** Characters of a reason. */
const MAX_REASON_LENGTH = 500;

/** Characters of a name or namespace of an element, or of the name of a content. */
const MAX_NAME_LENGTH = 256;

/** Characters of a name in a line that nobody has asked for. */
const MAX_SHOWN = 100;

/** An address or a name that could not pass for words of ours. */
const PLAIN_NAME = /^[\w.+@/:=-]+$/;

/** The whole characters within the first 1 KiB of UTF-8. */
export function cutText(text: string): string {
  // No character has fewer bytes than code units, so that only this much has to be encoded.
  const bytes = Buffer.from(text.slice(0, MAX_TEXT_BYTES + 1));
  if (bytes.length <= MAX_TEXT_BYTES) return text;
  return new StringDecoder('utf8').write(bytes.subarray(0, MAX_TEXT_BYTES));
}

export const cutReason = (text: string): string => text.slice(0, MAX_REASON_LENGTH);

export const isShortName = (text: string): boolean => text.length <= MAX_NAME_LENGTH;

/** RFC 6838 §4.2: 127 letters on either side of the slash. One that is longer says nothing. */
export const mediaTypeOf = (text: string | undefined): string | undefined =>
  text && text.length <= 255 ? text : undefined;

/** What somebody else calls itself, for a line of ours: short, and in quotes where it could pass for a part of the line. */
export function shownName(name: string): string {
  const characters = [...name];
  const isLong = characters.length > MAX_SHOWN;
  const shown = isLong ? `${characters.slice(0, MAX_SHOWN).join('')}…` : name;
  return PLAIN_NAME.test(name) ? shown : `"${shown.replaceAll('"', "'")}"`;
}
