import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from '../../src/protocol/base64.js';

describe('base64 that is read', () => {
  // RFC 4648 §10
  test.each([
    ['', ''],
    ['Zg==', 'f'],
    ['Zm8=', 'fo'],
    ['Zm9v', 'foo'],
    ['Zm9vYg==', 'foob'],
    ['Zm9vYmE=', 'fooba'],
    ['Zm9vYmFy', 'foobar'],
    ['c2xpeG1wcA==', 'slixmpp'],
  ])('%j is %j', (text, bytes) => {
    expect(decodeBase64(text)).toEqual(Buffer.from(bytes));
  });

  test('knows both characters of the alphabet that are not alphanumeric', () => {
    expect(decodeBase64('+/+/')).toEqual(Buffer.from([0xfb, 0xff, 0xbf]));
  });

  test.each([
    ['inside', 'QU JD'],
    ['around', '\n    QUJD\n  '],
    ['of all four kinds', 'Q\tU\rJ\nD '],
  ])('may have white space %s, as the examples of the XEPs do', (_where, text) => {
    expect(decodeBase64(text)).toEqual(Buffer.from('ABC'));
  });

  test.each([
    ['a character outside the alphabet', 'QUI*'],
    ['one that Node takes for an end', 'ABCD?EFGH'],
    ['the URL alphabet', 'QUJ-_w=='],
    ['missing padding', 'QUJ'],
    ['a single character', 'Q'],
    ['too much padding', 'QUJD===='],
    ['padding alone', '===='],
    ['stray bits before the padding', 'QUJDRB=='],
    ['padding in the middle', 'BBBB=CCC'],
    ['padding in the middle of a longer text', 'ABC=DEFGH'],
    ['padding at the start', '=AAA'],
    ['padding at the start of a longer text', '=ABCDEFGH'],
    ['two texts, each padded', 'Zg==Zg=='],
    ['a brace', '{'],
    ['white space that is not of ASCII', 'QU\u00a0JD'],
    ['the same beside white space that is', 'QU \u00a0JD'],
    ['a vertical tab', 'QU\u000bJD'],
    ['a letter that is not of ASCII', 'QUJ\u0131'],
    ['a zero-width space', 'QUJD\u200b'],
  ])('is refused for %s', (_what, text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  test('is what was written, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeBase64(encodeBase64(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('has one spelling for each sequence of bytes (R24)', () => {
    const character = fc.constantFrom(...'AQgwZz09+/=-_ ');
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
        const bytes = decodeBase64(text);
        if (bytes) expect(encodeBase64(bytes)).toBe(text.replaceAll(' ', ''));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('base64 that is written', () => {
  test('is on one line, however long', () => {
    expect(encodeBase64(new Uint8Array(65_535))).toMatch(/^[A-Za-z0-9+/]{87380}$/);
  });

  test('is of the part of a buffer that a view shows', () => {
    const view = new Uint8Array(Buffer.from('xxfooyy')).subarray(2, 5);
    expect(encodeBase64(view)).toBe('Zm9v');
  });
});
