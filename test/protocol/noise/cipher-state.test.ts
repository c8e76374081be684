import { createCipheriv } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { CipherState } from '../../../src/protocol/noise/cipher-state.js';
import { NoiseFailure } from '../../../src/protocol/noise/noise-failure.js';

const KEY = Buffer.alloc(32, 7);
const NOTHING = Buffer.alloc(0);
const both = () => [new CipherState(KEY), new CipherState(KEY)] as const;

describe('a key and its nonce', () => {
  test('open what was sealed, in its order', () => {
    const [sealing, opening] = both();
    const messages = ['one', 'two', ''].map((text) =>
      sealing.encryptWithAd(NOTHING, Buffer.from(text)),
    );
    const opened = messages.map((message) => opening.decryptWithAd(NOTHING, message).toString());
    expect(opened).toEqual(['one', 'two', '']);
  });

  test('count the messages in 64 bits, little-endian, behind 32 bits of zeros', () => {
    const [sealing] = both();
    const sealed = Array.from({ length: 257 }, () => sealing.encryptWithAd(NOTHING, KEY));
    for (const [at, nonce] of [
      [1, '01'],
      [255, 'ff'],
      [256, '0001'],
    ] as const) {
      const iv = Buffer.from(`00000000${nonce.padEnd(16, '0')}`, 'hex');
      const cipher = createCipheriv('chacha20-poly1305', KEY, iv, { authTagLength: 16 });
      const ciphertext = Buffer.concat([cipher.update(KEY), cipher.final(), cipher.getAuthTag()]);
      expect(sealed[at]).toEqual(ciphertext);
    }
  });

  test('refuse a message that was opened, and go on with the next one', () => {
    const [sealing, opening] = both();
    const [one, two] = [1, 2].map((byte) => sealing.encryptWithAd(NOTHING, Buffer.of(byte)));
    opening.decryptWithAd(NOTHING, one as Buffer);
    expect(() => opening.decryptWithAd(NOTHING, one as Buffer)).toThrow(NoiseFailure);
    expect(opening.decryptWithAd(NOTHING, two as Buffer)).toEqual(Buffer.of(2));
  });

  test('refuse a message with other additional data', () => {
    const [sealing, opening] = both();
    const message = sealing.encryptWithAd(Buffer.from('a'), NOTHING);
    expect(() => opening.decryptWithAd(Buffer.from('b'), message)).toThrow(NoiseFailure);
    expect(() => opening.decryptWithAd(Buffer.from('b'), message)).toThrow(
      'what came was not encrypted by the other side',
    );
    expect(opening.decryptWithAd(Buffer.from('a'), message)).toEqual(NOTHING);
  });

  test.each([0, 1, 15, 16, 17, 18])('refuse %i bytes of a message of 19', (length) => {
    const [sealing, opening] = both();
    const message = sealing.encryptWithAd(NOTHING, Buffer.from('abc')).subarray(0, length);
    expect(() => opening.decryptWithAd(NOTHING, message)).toThrow(NoiseFailure);
  });

  test('refuse a message of more than 65,535 bytes', () => {
    const [sealing, opening] = both();
    expect(() => sealing.encryptWithAd(NOTHING, Buffer.alloc(65_520))).toThrow(RangeError);
    expect(sealing.encryptWithAd(NOTHING, Buffer.alloc(65_519))).toHaveLength(65_535);
    expect(() => opening.decryptWithAd(NOTHING, Buffer.alloc(65_536))).toThrow(NoiseFailure);
  });
});
