import { describe, expect, test } from '@jest/globals';
import { generateKeyPair } from '../../../src/protocol/noise/dh25519.js';
import {
  formatKey,
  keyUri,
  MalformedKey,
  parseKey,
} from '../../../src/protocol/seal/public-key.js';

const ZEROS = 'a'.repeat(52);

/** Of RFC 4648's alphabet: 32 bytes from 0 on. */
const COUNTED = Buffer.from(Array.from({ length: 32 }, (_, at) => at));

describe('a public key', () => {
  test('has 52 letters, and comes back as it was (R247)', () => {
    for (let count = 0; count < 100; count += 1) {
      const { publicKey } = generateKeyPair();
      expect(formatKey(publicKey)).toMatch(/^[a-z2-7]{52}$/);
      expect(parseKey(formatKey(publicKey))).toEqual(publicKey);
    }
  });

  test('is written in base32', () => {
    const text = 'aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq';
    expect(formatKey(COUNTED)).toBe(text);
    expect(parseKey(text)).toEqual(COUNTED);
  });

  test.each([
    ['a letter too few', ZEROS.slice(1)],
    ['a letter too many', `${ZEROS}a`],
    ['capitals', ZEROS.toUpperCase()],
    ['a digit that is none of base32', `1${ZEROS.slice(1)}`],
    ['padding', `${ZEROS}====`],
    ['groups', ZEROS.replace(/(.{4})/g, '$1 ').trim()],
    ['a line behind it', `${ZEROS}\n`],
    ['spare bits', `${ZEROS.slice(1)}b`],
    ['the highest bit, which counts for nothing', formatKey(Buffer.alloc(32, 0x80))],
    ['nothing', ''],
  ])('is none with %s (R247)', (_what, text) => {
    expect(() => parseKey(text)).toThrow(MalformedKey);
  });

  test('is in a URI with its JID', () => {
    expect(keyUri('juliet@example.org', COUNTED)).toBe(
      `xmpp:juliet@example.org?inband-key=${formatKey(COUNTED)}`,
    );
    expect(keyUri('a?b#cé@example.org', COUNTED)).toMatch(
      /^xmpp:a%3Fb%23c%C3%A9@example\.org\?inband-key=/,
    );
  });
});
