import { withHints } from '../../session/hints.js';

// A public key as people see it: 52 letters and digits, base32 (RFC 4648 §6) in lower case and without padding.

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
/** 32 bytes in groups of 5 bits; the last 4 bits are to spare. */
const LETTERS = /^[a-z2-7]{52}$/;
/** The highest bit of a key counts for nothing, so that it must not make two forms of one. */
const SPARE_BIT = 0x80;

/** A text is not a public key. */
export class MalformedKey extends Error {
  override readonly name = 'MalformedKey';
  constructor() {
    super('that is no key');
    withHints(this, 'one has 52 letters and digits, as "inband key" shows it');
  }
}

/** `key`: 32 bytes. */
export function formatKey(key: Uint8Array): string {
  return encode(key);
}

/** 32 bytes. Throws `MalformedKey` for any other form than that of `formatKey`. */
export function parseKey(text: string): Buffer {
  const key = LETTERS.test(text) ? decode(text) : undefined;
  // The spare bits have one form, too.
  if (!key || encode(key) !== text || ((key.at(-1) ?? 0) & SPARE_BIT) !== 0)
    throw new MalformedKey();
  return key;
}

/** For a QR code: of whom, and the key. */
export const keyUri = (bareJid: string, key: Uint8Array): string =>
  `xmpp:${encodeURI(bareJid).replace(/[?#]/g, encodeURIComponent)}?inband-key=${formatKey(key)}`;

function encode(bytes: Uint8Array): string {
  let [text, bits, count] = ['', 0, 0];
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    count += 8;
    for (; count >= 5; count -= 5) text += ALPHABET[(bits >> (count - 5)) & 31];
  }
  return count > 0 ? text + ALPHABET[(bits << (5 - count)) & 31] : text;
}

function decode(text: string): Buffer {
  const bytes: number[] = [];
  let [bits, count] = [0, 0];
  for (const letter of text) {
    bits = ((bits << 5) | ALPHABET.indexOf(letter)) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return Buffer.from(bytes);
}
