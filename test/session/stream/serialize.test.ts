import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { serialize, UnsendableStanza } from '../../../src/session/stream/serialize.js';
import { Base64, type Element, xml } from '../../../src/session/xml.js';
import { parse } from '../../support/linked-sessions.js';

const LIMIT = 256 * 1024;
const withId = (id: string) => serialize(xml('iq', { id }));

describe('what is written', () => {
  test('is read again as it was (R61)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        const element = xml('message', { id: a }, xml('body', { lang: b }, a, b), b);
        const read = parse(serialize(element));
        const [body, text] = [read.getChild('body'), read.getText()];
        const allowed = (value: string) => serialized(value);
        expect([read.attrs.id, body?.attrs.lang]).toEqual([allowed(a), allowed(b)]);
        expect([body?.getText(), text]).toEqual([allowed(a) + allowed(b), allowed(b)]);
      }),
      { numRuns: 500 },
    );
  });

  /** XML 1.0 §2.2. */
  const serialized = (value: string) =>
    Array.from(value, (character) =>
      /[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(character)
        ? character
        : '\ufffd',
    ).join('');

  test('escapes no more than must be (R61)', () => {
    expect(withId(`a'b>c`)).toBe(`<iq id="a'b>c"/>`);
    expect(withId('&<\t\n\r')).toBe('<iq id="&amp;&lt;&#9;&#10;&#13;"/>');
    expect(withId(`a"b`)).toBe(`<iq id='a"b'/>`);
    expect(withId(`a"b'`)).toBe(`<iq id="a&quot;b'"/>`);
    expect(serialize(xml('body', {}, `"'>\t\n&<`))).toBe(`<body>"'>\t\n&amp;&lt;</body>`);
  });

  test('never has the end of a marked section in it, nor a carriage return that would be another character', () => {
    expect(serialize(xml('body', {}, 'a]]>b\r'))).toBe('<body>a]]&gt;b&#13;</body>');
    expect(serialize(xml('body', {}, 'a]]', '>', 'b]', ']>'))).not.toContain(']]>');
  });

  test('has no character that XML does not know (R61)', () => {
    const text = '\0\u0008\u001f\ud800\ufffe\uffff😀\ue000';
    expect(serialize(xml('x', { a: text }, text))).toBe(
      `<x a="${'\ufffd'.repeat(6)}😀\ue000">${'\ufffd'.repeat(6)}😀\ue000</x>`,
    );
  });

  test('has bytes in base64 (R261)', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = parse(serialize(xml('data', {}, new Base64(bytes)))).getText();
        expect(text).toBe(Buffer.from(bytes).toString('base64'));
      }),
    );
  });

  test.each([`'`, '>', '"', 'x'])(
    'is hardly longer than a request with many %s (R61)',
    (character) => {
      expect(withId(character.repeat(46_000)).length).toBeLessThan(46_100);
    },
  );
});

describe('an element cannot be written', () => {
  const inside = (text: string) => xml('iq', {}, parse(text).children[0] as Element);
  test.each([
    [
      'an attribute whose prefix was declared further out',
      () => inside(`<a xmlns:q='urn:q'><x q:a='1'/></a>`),
    ],
    ['a name whose prefix was declared further out', () => inside(`<a xmlns:q='urn:q'><q:x/></a>`)],
    [
      'a child whose prefix was declared beside it',
      () => xml('x', {}, xml('y', { 'xmlns:q': 'q' }), xml('q:z')),
    ],
    ['a name with a space', () => xml('a b')],
    ['a name that ends the tag', () => xml('a/><b')],
    ['no name', () => xml('')],
    ['an attribute that is no name', () => xml('a', { '1': 'x' })],
    ['a name with two colons', () => xml('a', { 'xmlns:q': 'q', 'q:a:b': '' })],
    ['a prefix of no namespace', () => xml('q:a', { 'xmlns:q': '' })],
    ['a prefix that is reserved', () => xml('a', { 'xmlns:xml': 'urn:x' })],
    ['a namespace that is reserved', () => xml('a', { xmlns: 'http://www.w3.org/2000/xmlns/' })],
    [
      'an attribute twice',
      () => xml('a', { 'xmlns:p': 'n', 'xmlns:q': 'n', 'p:a': '1', 'q:a': '2' }),
    ],
  ])('with %s (R61)', (_what, build) => {
    expect(() => serialize(build())).toThrow(UnsendableStanza);
    expect(() => serialize(build())).toThrow(/" cannot be written as XML here$/);
  });

  test('where it would be larger than the server takes, in bytes (R61)', () => {
    expect(() => withId('x'.repeat(LIMIT))).toThrow(UnsendableStanza);
    expect(() => withId('é'.repeat(LIMIT / 2))).toThrow(UnsendableStanza);
    expect(withId('x'.repeat(LIMIT - 100))).toHaveLength(LIMIT - 89);
    const element = xml('iq', { id: 'x'.repeat(LIMIT) });
    expect(serialize(element, LIMIT + 11)).toHaveLength(LIMIT + 11);
    expect(() => serialize(element, LIMIT + 10)).toThrow(
      'a stanza of 262155 bytes is too large; the server takes 262154',
    );
  });
});

test('names with a prefix that is declared are written, xml: without', () => {
  const element = xml('q:a', { 'xmlns:q': 'urn:q', 'q:b': '1', 'xml:lang': 'en' }, xml('q:c'));
  expect(serialize(element)).toBe('<q:a xmlns:q="urn:q" q:b="1" xml:lang="en"><q:c/></q:a>');
  expect(serialize(xml('é', {}))).toBe('<é/>');
});
