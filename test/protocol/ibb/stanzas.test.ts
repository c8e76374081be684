import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as stanzas from '../../../src/protocol/ibb/stanzas.js';
import { isSid } from '../../../src/protocol/sid.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { parse } from '../../support/linked-sessions.js';

const NS_IBB = 'http://jabber.org/protocol/ibb';
const BAD_REQUEST = { type: 'modify', condition: 'bad-request' };

// XEP-0047 §2.1, "Initiator requests session"
const OPEN = `
<iq from='romeo@montague.net/orchard'
    id='jn3h8g65'
    to='juliet@capulet.com/balcony'
    type='set'>
  <open xmlns='http://jabber.org/protocol/ibb'
        block-size='4096'
        sid='i781hf64'
        stanza='iq'/>
</iq>`;

const LINES = [
  'qANQR1DBwU4DX7jmYZnncmUQB/9KuKBddzQH+tZ1ZywKK0yHKnq57kWq+RFtQdCJ',
  'WpdWpR0uQsuJe7+vh3NWn59/gTc5MDlX8dS9p0ovStmNcyLhxVgmqS8ZKhsblVeu',
  'IpQ0JgavABqibJolc3BKrVtVV1igKiX/N7Pi8RtY1K18toaMDhdEfhBRzO/XB0+P',
  'AQhYlRjNacGcslkhXqNjK5Va4tuOAPy2n1Q8UUrHbUd0g+xJ9Bm0G0LZXyvCWyKH',
  'kuNEHFQiLuCY6Iv0myq6iX6tjuHehZlFSh80b5BVV9tNLwNR5Eqz1klxMhoghJOA',
];

// §2.2, "Sending data in an IQ stanza"; §4 has the same in a message.
const DATA = `
  <data xmlns='http://jabber.org/protocol/ibb' seq='0' sid='i781hf64'>
    ${LINES.join('\n    ')}
  </data>`;
const IQ = `
<iq from='romeo@montague.net/orchard'
    id='kr91n475'
    to='juliet@capulet.com/balcony'
    type='set'>${DATA}
</iq>`;
const MESSAGE = `
<message from='romeo@montague.net/orchard'
         id='dsw71gj3'
         to='juliet@capulet.com/balcony'>${DATA}
</message>`;

// §2.3, "Closing the bytestream"
const CLOSE = `
<iq from='romeo@montague.net/orchard'
    id='us71g45j'
    to='juliet@capulet.com/balcony'
    type='set'>
  <close xmlns='http://jabber.org/protocol/ibb' sid='i781hf64'/>
</iq>`;

function payload(stanza: string): Element {
  const [element] = parse(stanza.trim()).getChildElements();
  if (!element) throw new Error('no payload');
  return element;
}

const attributes = (attrs: Record<string, string | undefined>) => ({ xmlns: NS_IBB, ...attrs });

const openElement = (attrs: Record<string, string | undefined>) =>
  xml('open', attributes({ sid: 's1', 'block-size': '4096', ...attrs }));

const dataElement = (attrs: Record<string, string | undefined>, text = 'QUJD') =>
  xml('data', attributes({ sid: 's1', seq: '0', ...attrs }), text);

describe('the examples of XEP-0047', () => {
  test('open asks for a block size, a sid and a kind of stanza', () => {
    const open = { sid: 'i781hf64', blockSize: 4096, stanza: 'iq' as const };
    expect(stanzas.readOpen(payload(OPEN))).toEqual(open);
    expect(parse(stanzas.open(open).toString()).attrs).toEqual(payload(OPEN).attrs);
  });

  test.each([
    ['an iq', IQ],
    ['a message', MESSAGE],
  ])('data in %s brings its bytes, wrapped as they are', (_stanza, text) => {
    const bytes = Buffer.from(LINES.join(''), 'base64');
    expect(bytes).toHaveLength(240);
    expect(stanzas.readData(payload(text))).toEqual({ sid: 'i781hf64', seq: 0, bytes });
  });

  test('close names the sid', () => {
    expect(stanzas.readClose(payload(CLOSE))).toBe('i781hf64');
    expect(stanzas.close('i781hf64').toString()).toBe(payload(CLOSE).toString());
  });
});

describe('an open', () => {
  test('is for iqs where it does not say', () => {
    expect(stanzas.readOpen(openElement({})).stanza).toBe('iq');
  });

  test('may be for messages', () => {
    expect(stanzas.readOpen(openElement({ stanza: 'message' })).stanza).toBe('message');
  });

  test.each(['presence', 'IQ', '', ' iq'])('is refused for stanzas of the kind %j', (stanza) => {
    expect(() => stanzas.readOpen(openElement({ stanza }))).toThrow(
      expect.objectContaining(BAD_REQUEST),
    );
  });

  test.each(['s1', 'i781hf64', 'a.b-c:d_e', '0', '-', 'übung·1', '文件', '𝒮', 'x'.repeat(128)])(
    'takes the sid %s',
    (sid) => {
      expect(stanzas.readOpen(openElement({ sid })).sid).toBe(sid);
    },
  );

  test.each([
    undefined,
    '',
    ' ',
    'a b',
    ' a',
    'a\n',
    'a/b',
    '../a',
    'a@b',
    'a"b',
    'a<b',
    'a\u0000',
    'a\u00a0b',
    'x'.repeat(129),
  ])('is refused with the sid %j', (sid) => {
    expect(() => stanzas.readOpen(openElement({ sid }))).toThrow(
      expect.objectContaining(BAD_REQUEST),
    );
  });

  test.each([
    ['1', 1],
    ['512', 512],
    ['04096', 4096],
    ['65535', 65_535],
    ['65536', 65_536], // the service's to refuse, with another condition
    ['4294967296', 4_294_967_296],
  ])('takes the block size %j', (text, blockSize) => {
    expect(stanzas.readOpen(openElement({ 'block-size': text })).blockSize).toBe(blockSize);
  });

  test.each([
    undefined,
    '',
    '0',
    '000',
    '-1',
    '+1',
    'abc',
    '4096a',
    '40.96',
    '4e3',
    '0x1000',
    ' 4096',
    '1'.repeat(11),
    '١',
    'Infinity',
    'NaN',
  ])('is refused with the block size %j (R50)', (size) => {
    expect(() => stanzas.readOpen(openElement({ 'block-size': size }))).toThrow(
      expect.objectContaining(BAD_REQUEST),
    );
  });
});

describe('data', () => {
  test.each([
    ['0', 0],
    ['7', 7],
    ['00007', 7],
    ['65535', 65_535],
  ])('takes the seq %j', (text, seq) => {
    expect(stanzas.readData(dataElement({ seq: text })).seq).toBe(seq);
  });

  test.each([
    undefined,
    '',
    '+0',
    '-1',
    '1x',
    ' 1',
    '1 ',
    '1.0',
    '0x1',
    '65536',
    '99999',
    '000001',
  ])('is refused with the seq %j', (seq) => {
    expect(() => stanzas.readData(dataElement({ seq }))).toThrow(
      expect.objectContaining(BAD_REQUEST),
    );
  });

  test.each([undefined, ''])('is refused with the sid %j', (sid) => {
    expect(() => stanzas.readData(dataElement({ sid }))).toThrow(
      expect.objectContaining(BAD_REQUEST),
    );
  });

  test.each(['', ' \n ', 'QUJ', 'QUI*', 'QUJDRB==', 'BBBB=CCC', '=AAA'])(
    'says that %j brings no bytes',
    (text) => {
      expect(stanzas.readData(dataElement({}, text)).bytes).toBeUndefined();
    },
  );

  test('brings none when they are in an element of their own', () => {
    const element = xml('data', attributes({ sid: 's1', seq: '0' }), xml('b', {}, 'QUJD'));
    expect(stanzas.readData(element).bytes).toBeUndefined();
  });

  test('reads as it was written, through the wire', () => {
    const sids = fc.string({ minLength: 1, maxLength: 128 }).filter(isSid);
    const seqs = fc.integer({ min: 0, max: stanzas.SEQ_MODULUS - 1 });
    const contents = fc.uint8Array({ minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(sids, seqs, contents, (sid, seq, bytes) => {
        const element = parse(stanzas.data(sid, seq, bytes).toString());
        expect(stanzas.readData(element)).toEqual({ sid, seq, bytes: Buffer.from(bytes) });
      }),
    );
  });

  test('of the largest block is on one line', () => {
    const block = stanzas.data('s1', 0, new Uint8Array(stanzas.MAX_BLOCK_SIZE));
    const element = parse(block.toString());
    expect(element.getText()).not.toMatch(/\s/);
    expect(stanzas.readData(element).bytes).toHaveLength(65_535);
  });
});

test.each([undefined, ''])('a close is refused with the sid %j', (sid) => {
  expect(() => stanzas.readClose(xml('close', attributes({ sid })))).toThrow(
    expect.objectContaining(BAD_REQUEST),
  );
});

test('a block and a close of a sid that is too long are refused (R66)', () => {
  const sid = 's'.repeat(129);
  expect(() => stanzas.readData(xml('data', { sid, seq: 0 }, 'AAAA'))).toThrow('bad-request');
  expect(() => stanzas.readClose(xml('close', { sid }))).toThrow('bad-request');
});
