/**
 * Decodes base64 (RFC 4648 §4), wrapped or not. Returns `undefined` for anything else: characters
 * outside the alphabet, missing or inner padding, stray bits (XEP-0047 §9, XEP-0231 §2.1).
 */
export function decodeBase64(text: string): Buffer | undefined {
  return decodePacked(text) ?? decodePacked(text.replace(/[ \t\r\n]+/g, ''));
}

function decodePacked(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  // Node skips what it does not like; only the canonical text comes back the same.
  return bytes.toString('base64') === text ? bytes : undefined;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
