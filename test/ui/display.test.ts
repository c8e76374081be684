import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { display } from '../../src/ui/display.js';

// Written out by number, so that the test does not repeat the pattern that it checks.
const FORBIDDEN: [number, number][] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2060],
  [0x2066, 0x2069],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
];

const isForbidden = (code: number) => FORBIDDEN.some(([from, to]) => from <= code && code <= to);
const codesOf = (text: string) => [...text].map((character) => character.codePointAt(0) ?? 0);

const hostile = fc
  .oneof(
    fc.constantFrom(...FORBIDDEN).chain(([min, max]) => fc.integer({ min, max })),
    fc.integer({ min: 0, max: 0x10ffff }),
  )
  .map((code) => String.fromCodePoint(code));
const texts = fc.array(hostile).map((characters) => characters.join(''));

test('lets no control, bidi, invisible or lone surrogate character through (R10)', () => {
  fc.assert(fc.property(texts, (text) => !codesOf(display(text)).some(isForbidden)));
});

test('escapes each forbidden character by its number', () => {
  for (const [from, to] of FORBIDDEN) {
    for (let code = from; code <= to; code += 1) {
      expect(display(`a${String.fromCodePoint(code)}b`)).toBe(`a\\u{${code.toString(16)}}b`);
    }
  }
});

test('escapes tag characters, which spell out text that nobody sees', () => {
  expect(display('a\u{e0041}')).toBe('a\\u{e0041}');
});

test('escapes one half of a surrogate pair and keeps a whole one', () => {
  expect(display('\ud83d')).toBe('\\u{d83d}');
  expect(display('\ude00\ud83d')).toBe('\\u{de00}\\u{d83d}');
  expect(display('😀')).toBe('😀');
});

test('keeps readable text of any script, spaces and backslashes', () => {
  const text = 'Ünïcode 文件 שלום مرحبا C:\\new\\u{1b}.txt';
  expect(display(text)).toBe(text);
});

test('changes nothing when text is shown twice', () => {
  fc.assert(fc.property(texts, (text) => display(display(text)) === display(text)));
});
