import { describe, expect, test } from '@jest/globals';
import * as stanzas from '../../../src/protocol/si/stanzas.js';
import { parse } from '../../support/linked-sessions.js';
import { choice, IBB, NS_FILE, NS_SI, options, PROFILE, SOCKS5 } from './services.js';

interface OfferParts {
  si?: string;
  file?: string;
  within?: string;
  methods?: string;
}

/** An offer as XEP-0096 has it, but for the parts that are given. */
const offerOf = ({
  si = `id='a0' profile='${PROFILE}'`,
  file = "name='test.txt' size='1022'",
  within = '',
  methods = options(SOCKS5, IBB),
}: OfferParts = {}) =>
  parse(`<si ${NS_SI} ${si}><file ${NS_FILE} ${file}>${within}</file>${methods}</si>`);

const refusalOf = (read: () => unknown) => {
  try {
    read();
  } catch (error) {
    return error;
  }
  throw new Error('it was taken');
};

describe('an offer', () => {
  // XEP-0096 §4, "Complete Profile Usage"
  test('reads as the XEP has it', () => {
    const si = offerOf({
      si: `id='a0' mime-type='text/plain' profile='${PROFILE}'`,
      file: "name='test.txt' size='1022' hash='552da749930852c69ae5d2141d3766b1' date='1969-07-21T02:56:15Z'",
      within: '<desc>This is a test. If this were a real file...</desc>',
    });
    expect(stanzas.readOffer(si)).toEqual({
      sid: 'a0',
      ranged: false,
      file: {
        name: 'test.txt',
        size: 1022,
        mediaType: 'text/plain',
        description: 'This is a test. If this were a real file...',
        date: new Date('1969-07-21T02:56:15Z'),
        hashes: new Map([['md5', Buffer.from('552da749930852c69ae5d2141d3766b1', 'hex')]]),
      },
    });
  });

  test('reads as it was written', () => {
    const file = {
      name: 'a "b" <c> & d.txt',
      size: 0,
      mediaType: 'text/plain',
      description: 'one\n<two>',
      date: new Date('2024-02-29T12:00:00Z'),
      hashes: new Map([['md5', Buffer.alloc(16, 7)]]),
    };
    const si = parse(stanzas.offer('a0', file).toString());
    expect(stanzas.readOffer(si)).toEqual({ sid: 'a0', ranged: true, file });
  });

  test('is of in-band bytestreams alone, and of any part of the file where it has an MD5', () => {
    const si = stanzas.offer('a0', { name: 'test.txt', size: 1022 });
    const expected = offerOf({ methods: options(IBB) });
    expect(parse(si.toString()).toString()).toBe(expected.toString());
    const md5 = new Map([['md5', Buffer.alloc(16)]]);
    const withHash = stanzas.offer('a0', { name: 'test.txt', size: 1022, hashes: md5 });
    expect(withHash.getChild('file')?.getChild('range')).toBeDefined();
  });

  test('names a file by what XML can carry', () => {
    const si = stanzas.offer('a0', { name: 'a\u0000b\u001b\ud800c\uffff\u{1f600}', size: 1 });
    expect(si.getChild('file')?.attrs.name).toBe('a\ufffdb\ufffd\ufffdc\ufffd\u{1f600}');
  });

  test('is not made of a file whose size is not known', () => {
    expect(() => stanzas.offer('a0', { name: 'pipe' })).toThrow(RangeError);
  });

  test('without a size is taken as libpurple takes it', () => {
    const { file } = stanzas.readOffer(offerOf({ file: "name='test.txt'" }));
    expect(file).toEqual({ name: 'test.txt' });
  });

  test('of the largest number of bytes is taken', () => {
    const { file } = stanzas.readOffer(offerOf({ file: "name='a' size='9007199254740991'" }));
    expect(file.size).toBe(Number.MAX_SAFE_INTEGER);
  });

  test.each([
    ['hash', 'abc'],
    ['hash', ''],
    ['hash', '552da749930852c69ae5d2141d3766bg'],
    ['date', 'yesterday'],
    ['date', '2024-13-01T00:00:00Z'],
    ['date', '2024-01-01'],
    ['date', '20240101T00:00:00'],
  ])('whose %s is "%s" is taken without it', (name, value) => {
    const { file } = stanzas.readOffer(offerOf({ file: `name='a' size='1' ${name}='${value}'` }));
    expect(file).toEqual({ name: 'a', size: 1 });
  });

  test.each([
    ['no id', { si: `profile='${PROFILE}'` }],
    ['an id that no bytestream can have', { si: `id='a b' profile='${PROFILE}'` }],
    ['an endless id', { si: `id='${'a'.repeat(129)}' profile='${PROFILE}'` }],
  ])('with %s is a bad request', (_what, parts) => {
    const refusal = refusalOf(() => stanzas.readOffer(offerOf(parts)));
    expect(refusal).toMatchObject({ type: 'modify', condition: 'bad-request' });
    expect(refusal).not.toHaveProperty('specific.name');
  });

  test.each([
    ['no profile', { si: "id='a0'" }],
    ['another profile', { si: "id='a0' profile='http://jabber.org/protocol/si/profile/tree'" }],
    ['no name', { file: "size='1'" }],
    ['an empty name', { file: "name='' size='1'" }],
    ['an empty size', { file: "name='a' size=''" }],
    ['a size that is a word', { file: "name='a' size='None'" }],
    ['a negative size', { file: "name='a' size='-1'" }],
    ['half a byte', { file: "name='a' size='0.5'" }],
    ['a size in hex', { file: "name='a' size='0x10'" }],
    ['a size with an exponent', { file: "name='a' size='1e3'" }],
    ['a size beyond all numbers', { file: "name='a' size='9007199254740992'" }],
  ])('with %s has a bad profile', (_what, parts) => {
    const refusal = refusalOf(() => stanzas.readOffer(offerOf(parts)));
    const specific = { name: 'bad-profile', xmlns: 'http://jabber.org/protocol/si' };
    expect(refusal).toMatchObject({ type: 'modify', condition: 'bad-request', specific });
  });

  test('without a file has a bad profile', () => {
    const si = parse(`<si ${NS_SI} id='a0' profile='${PROFILE}'>${options(IBB)}</si>`);
    const specific = { name: 'bad-profile' };
    expect(refusalOf(() => stanzas.readOffer(si))).toMatchObject({ specific });
  });

  test.each([
    ['no methods', ''],
    ['other methods', options(SOCKS5, 'jabber:iq:oob')],
    ['an empty choice', options()],
    ['a method chosen already', choice(IBB)],
    ['the choice of something else', options(IBB).replace('stream-method', 'colour')],
    ['a form that is none', options(IBB).replace('jabber:x:data', 'urn:x')],
    ['a negotiation that is none', options(IBB).replace('feature-neg', 'x')],
  ])('with %s has no valid streams', (_what, methods) => {
    const refusal = refusalOf(() => stanzas.readOffer(offerOf({ methods })));
    const specific = { name: 'no-valid-streams', xmlns: 'http://jabber.org/protocol/si' };
    expect(refusal).toMatchObject({ type: 'cancel', condition: 'bad-request', specific });
  });
});

describe('an answer', () => {
  const OFFERED = { name: 'a', size: 1022, hashes: new Map([['md5', Buffer.alloc(16)]]) };
  const answerOf = (range: string, methods = choice(IBB)) => {
    const file = range && `<file ${NS_FILE}>${range}</file>`;
    return parse(`<iq type='result'><si ${NS_SI}>${file}${methods}</si></iq>`);
  };

  test('is written as XEP-0096 has it', () => {
    const expected = (file: string) => parse(`<si ${NS_SI}>${file}${choice(IBB)}</si>`).toString();
    const range = `<file ${NS_FILE}><range offset='128'/></file>`;
    expect(parse(stanzas.answer(0).toString()).toString()).toBe(expected(''));
    expect(parse(stanzas.answer(128).toString()).toString()).toBe(expected(range));
  });

  // The ranges of XEP-0096 §4, and those at the edges
  test.each([
    ['', { offset: 0 }],
    ['<range/>', { offset: 0 }],
    ["<range length='256'/>", { offset: 0, length: 256 }],
    ["<range offset='128' length='256'/>", { offset: 128, length: 256 }],
    ["<range offset='128'/>", { offset: 128 }],
    ["<range offset='1022'/>", { offset: 1022 }],
    ["<range offset='1000' length='22'/>", { offset: 1000, length: 22 }],
    ["<range length='0'/>", { offset: 0, length: 0 }],
  ])('that says %s wants that', (range, expected) => {
    expect(stanzas.readAcceptedRange(answerOf(range), OFFERED)).toEqual(expected);
  });

  test.each([
    "<range offset='1023'/>",
    "<range offset='-1'/>",
    "<range offset=''/>",
    "<range offset='1.5'/>",
    "<range offset='NaN'/>",
    "<range offset='1e1'/>",
    "<range offset='99999999999999999999'/>",
    "<range length='1023'/>",
    "<range offset='1000' length='23'/>",
    "<range length='-1'/>",
    "<range length='all'/>",
    "<range offset='9007199254740991' length='9007199254740991'/>",
  ])('that says %s wants what is not there', (range) => {
    const refusal = refusalOf(() => stanzas.readAcceptedRange(answerOf(range), OFFERED));
    expect(refusal).toMatchObject({
      condition: 'bad-request',
      text: expect.stringContaining('not in the file'),
    });
  });

  test.each([
    ['another method', answerOf('', choice(SOCKS5))],
    ['two methods', answerOf('', choice(IBB, IBB))],
    ['no method', answerOf('', choice())],
    ['no choice', answerOf('', '')],
    ['options', answerOf('', options(IBB))],
    ['nothing', parse("<iq type='result'/>")],
    ['something else', parse("<iq type='result'><si xmlns='urn:x'/></iq>")],
  ])('with %s does not fit the offer', (_what, reply) => {
    const refusal = refusalOf(() => stanzas.readAcceptedRange(reply, OFFERED));
    expect(refusal).toMatchObject({
      condition: 'bad-request',
      text: expect.stringContaining('does not choose'),
    });
  });
});

test('an offer has 1 KiB of UTF-8 of its name and description, and no type or date that is too long (R66)', () => {
  const long = 'x'.repeat(200_000);
  const si = offerOf({
    si: `id='a0' profile='${PROFILE}' mime-type='${long}'`,
    file: `name='${long}' size='1' date='${long}'`,
    within: `<desc>${long}</desc>`,
  });
  const cut = 'x'.repeat(1024);
  expect(stanzas.readOffer(si).file).toEqual({ name: cut, size: 1, description: cut });
});
