/**
 * Decodes base64 (RFC 4648 §4), wrapped or not. Returns `undefined` for anything else: characters
 * outside the alphabet, missing or inner padding, stray bits (XEP-0047 §9, XEP-0231 §2.1).
 */
export function decodeBase64(text: string): Buffer | undefined {
  const packed = /[ \t\r\n]/.test(text) ? text.replace(/[ \t\r\n]+/g, '') : text;
  const bytes = Buffer.from(packed, 'base64');
  // Node skips what it does not like; only the canonical text comes back the same.
  return bytes.toString('base64') === packed ? bytes : undefined;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
