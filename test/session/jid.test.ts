import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import {
  accountOf,
  addressFrom,
  bareJid,
  formatJid,
  isJid,
  MalformedJid,
  mayBeForms,
  parseJid,
  preparedJid,
  prepareJid,
} from '../../src/session/jid.js';

describe('an address', () => {
  // RFC 7622 §3.5, table 1, as far as the characters are allowed in all their forms
  test.each([
    ['juliet@example.com', 'juliet', 'example.com', ''],
    ['juliet@example.com/foo', 'juliet', 'example.com', 'foo'],
    ['juliet@example.com/foo bar', 'juliet', 'example.com', 'foo bar'],
    ['juliet@example.com/foo@bar', 'juliet', 'example.com', 'foo@bar'],
    ['foo\\20bar@example.com', 'foo\\20bar', 'example.com', ''],
    ['fussball@example.com', 'fussball', 'example.com', ''],
    ['fußball@example.com', 'fußball', 'example.com', ''],
    ['π@example.com', 'π', 'example.com', ''],
    ['Σ@example.com/foo', 'σ', 'example.com', 'foo'],
    ['king@example.com/♚', 'king', 'example.com', '♚'],
    ['example.com', '', 'example.com', ''],
    ['example.com/foobar', '', 'example.com', 'foobar'],
    ['a.example.com/b@example.net', '', 'a.example.com', 'b@example.net'],
    ['juliet@example.com/a/b', 'juliet', 'example.com', 'a/b'],
    ['juliet@127.0.0.1/x', 'juliet', '127.0.0.1', 'x'],
    ['juliet@[::1]/x', 'juliet', '[::1]', 'x'],
    ['例え@例え.jp/例え', '例え', '例え.jp', '例え'],
  ])('%s has three parts', (text, local, domain, resource) => {
    expect(prepareJid(text)).toEqual({ local, domain, resource });
  });

  test('is in lower case but for its resource', () => {
    const jid = prepareJid('Juliet@Capulet.EXAMPLE/Balcony');
    expect(formatJid(jid)).toBe('juliet@capulet.example/Balcony');
  });

  test('may have a dot behind its domain, which says nothing', () => {
    expect(preparedJid('juliet@capulet.example./x')).toBe('juliet@capulet.example/x');
  });

  test.each([
    ['e\u0301', '\u00e9'],
    ['E\u0301', '\u00e9'],
    ['\u212b', '\u00e5'],
    // In lower case these have a composed form; in upper case they have none.
    ['H\u0331', '\u1e96'],
    ['J\u030c', '\u01f0'],
    ['Y\u030a', '\u1e99'],
  ])('is composed (NFC), so that %j is %j', (written, local) => {
    expect(prepareJid(`${written}@example.com`).local).toBe(local);
    expect(prepareJid(`${written}.example.com`).domain).toBe(`${local}.example.com`);
  });

  test('has a composed resource', () => {
    expect(prepareJid('juliet@example.com/E\u0301').resource).toBe('\u00c9');
  });

  // RFC 7622 §3.5, table 2, and what else §3.2 to §3.4 forbid
  test.each([
    '',
    '@',
    '/',
    '@/',
    'juliet@',
    '@example.com',
    '@example.com/x',
    'juliet@/x',
    '/x',
    'juliet@example.com/',
    'example.com/',
    'foo bar@example.com',
    'a@b@example.com',
    'juliet@exam ple.com',
    'juliet@.',
    ' juliet@example.com',
    'juliet@example.com ',
    'jul"iet@example.com',
    'jul&iet@example.com',
    "jul'iet@example.com",
    'jul:iet@example.com',
    'jul<iet@example.com',
    'jul>iet@example.com',
    'juliet@exam&ple.com',
    "juliet@exam'ple.com",
    'juliet@exam<ple.com',
    'juliet\u0000@example.com',
    'juliet\n@example.com',
    'juliet\u007f@example.com',
    'juliet@example\u0000.com',
    'juliet@example.com/a\u0000',
    'juliet@example.com/a\nb',
    'juliet@example.com/\u001b[31m',
    'juliet@example.com/\u007f',
    'juliet@example..',
  ])('is not %j', (text) => {
    expect(() => parseJid(text)).toThrow(MalformedJid);
    expect(() => prepareJid(text)).toThrow(MalformedJid);
    expect(() => bareJid(text)).toThrow(MalformedJid);
  });

  test('has parts of at most 1023 bytes', () => {
    const long = 'é'.repeat(511); // 1022 bytes
    expect(parseJid(`${long}x@${long}x/${long}x`).resource).toHaveLength(512);
    for (const text of [`${long}é@a/b`, `a@${long}é/b`, `a@b/${long}é`]) {
      expect(() => parseJid(text)).toThrow(MalformedJid);
    }
  });

  test('that is none is named in the error, with an example', () => {
    expect(() => parseJid('romeo at home')).toThrow('"romeo at home" is not an XMPP address');
  });
});

test.each([
  ['juliet@xn--bcher-kva.example/x', 'romeo@montague.example/x', 'juliet@bücher.example/x'],
  ['juliet@xn--bcher-kva.example', 'romeo@bücher.example/x', 'juliet@bücher.example'],
  ['juliet@Bücher.example', 'romeo@xn--bcher-kva.example/x', 'juliet@xn--bcher-kva.example'],
  ['juliet@xn--.example', 'romeo@montague.example/x', 'juliet@xn--.example'],
  ['Juliet@1.2.3', 'romeo@montague.example/x', 'juliet@1.2.3'],
])('%j, typed by %s, is %s (R83)', (typed, own, address) => {
  expect(addressFrom(own, typed)).toBe(address);
});

const parts = fc
  .tuple(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 8 }),
  )
  .map(([local, domain, resource]) => `${local}@${domain}/${resource}`);

function parsed(text: string) {
  try {
    return prepareJid(text);
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedJid);
    return undefined;
  }
}

test('any text is an address or a MalformedJid', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), parts), (text) => {
      parsed(text);
    }),
    { numRuns: 2000 },
  );
});

test('whether a text is an address can be asked', () => {
  expect(isJid('juliet@capulet.example/balcony')).toBe(true);
  expect(isJid('juliet@@balcony')).toBe(false);
});

test('an address reads the same again when it was written out', () => {
  const combining = fc.constantFrom(...'HhTtWwYyJjAaİıſßΣσςK\u030a\u0331\u0308\u030c\u0307.@/');
  const texts = fc.oneof(parts, fc.string({ unit: combining, maxLength: 12 }));
  fc.assert(
    fc.property(texts, (text) => {
      const jid = parsed(text);
      if (jid) expect(parsed(formatJid(jid))).toEqual(jid);
    }),
    { numRuns: 5000 },
  );
});

describe('the bare address', () => {
  test.each([
    ['Juliet@Capulet.example/Balcony', 'Juliet@Capulet.example'],
    ['juliet@capulet.example', 'juliet@capulet.example'],
    ['capulet.example/x@y', 'capulet.example'],
    ['juliet@capulet.example/a/b', 'juliet@capulet.example'],
  ])('of %s is %s', (text, bare) => {
    expect(bareJid(text)).toBe(bare);
  });
});

describe('a text that is too long for an address', () => {
  const text = `a@${'e\u0316\u0301'.repeat(80_000)}`;

  test('is not looked at any further (R63)', () => {
    const normalize = jest.spyOn(String.prototype, 'normalize');
    const toLowerCase = jest.spyOn(String.prototype, 'toLowerCase');
    expect(isJid(text)).toBe(false);
    expect(normalize).not.toHaveBeenCalled();
    expect(toLowerCase).not.toHaveBeenCalled();
    jest.restoreAllMocks();
  });

  test('is shown in part (R63)', () => {
    expect(() => parseJid(text)).toThrow(MalformedJid);
    expect(new MalformedJid(text).message.length).toBeLessThan(200);
    expect(new MalformedJid(text).text.length).toBeLessThan(200);
  });

  test('is longer than the longest address (R63)', () => {
    const part = 'x'.repeat(1023);
    expect(isJid(`${part}@${part}/${part}`)).toBe(true);
    expect(isJid(`${part}@${part}/${part}x`)).toBe(false);
  });
});

describe('what was typed', () => {
  test.each([
    ['ｊｕｌｉｅｔ@ｅｘａｍｐｌｅ．com', 'juliet@example.com'],
    ['ﾛﾐｵ@example.com', 'ロミオ@example.com'],
    ['straße@Example.COM', 'straße@example.com'],
    ['a@b。example', 'a@b.example'],
  ])('%s is prepared as %s (R82)', (text, expected) => {
    expect(preparedJid(text)).toBe(expected);
  });
});

describe('what a server has stamped', () => {
  test.each([
    'Juliet@capulet.example',
    'e\u0301@capulet.example/X',
    'ｊ@capulet.example',
    'straße@a',
  ])('%s stays as it is (R82)', (text) => {
    expect(formatJid(parseJid(text))).toBe(text);
    expect(bareJid(`${text}/r`).startsWith(text.split('/')[0] as string)).toBe(true);
  });
});

describe('two addresses', () => {
  test.each([
    ['straße@localhost/inband', 'strasse@localhost/inband'],
    ['ﬁ@a', 'fi@a'],
    ['a@bücher.example', 'a@xn--bcher-kva.example'],
    ['ς@a', 'Σ@a'],
  ])('%s and %s may be forms of one', (one, other) => {
    expect(mayBeForms(one, other)).toBe(true);
  });

  test.each([
    ['a@b', 'a@c'],
    ['a@b/x', 'a@b/X'],
    ['a@b', 'a@b/x'],
    ['', ''.padEnd(1)],
  ])('%s and %s may not', (one, other) => {
    expect(mayBeForms(one, other)).toBe(false);
  });
});

test.each([
  ['j@xn--bcher-kva.example', 'j@bücher.example'],
  ['J@BÜCHER.example/desk', 'j@bücher.example'],
  ['j@bücher.example', 'j@bücher.example'],
  ['j@127.0.0.1', 'j@127.0.0.1'],
  ['j@[::1]', 'j@[::1]'],
])('what is known of %s is filed under %s (R377)', (text, account) => {
  expect(accountOf(text)).toBe(account);
});
