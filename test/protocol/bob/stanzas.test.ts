import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as stanzas from '../../../src/protocol/bob/stanzas.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { parse } from '../../support/linked-sessions.js';

const BAD_REQUEST = { type: 'modify', condition: 'bad-request' };
const CID = 'sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org';

// XEP-0231 §2.3, "Requesting data" and "Returning data"
const REQUEST = `
<iq from='doctor@shakespeare.lit/pda'
    id='get-data-1'
    to='ladymacbeth@shakespeare.lit/castle'
    type='get'>
  <data xmlns='urn:xmpp:bob'
        cid='sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org'/>
</iq>`;
const RESULT = `
<iq from='ladymacbeth@shakespeare.lit/castle'
    id='get-data-1'
    to='doctor@shakespeare.lit/pda'
    type='result'>
  <data xmlns='urn:xmpp:bob'
        cid='sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org'
        max-age='86400'
        type='image/png'>
    iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAABGdBTUEAALGP
    C/xhBQAAAAlwSFlzAAALEwAACxMBAJqcGAAAAAd0SU1FB9YGARc5KB0XV+IA
    AAAddEVYdENvbW1lbnQAQ3JlYXRlZCB3aXRoIFRoZSBHSU1Q72QlbgAAAF1J
    REFUGNO9zL0NglAAxPEfdLTs4BZM4DIO4C7OwQg2JoQ9LE1exdlYvBBeZ7jq
    ch9//q1uH4TLzw4d6+ErXMMcXuHWxId3KOETnnXXV6MJpcq2MLaI97CER3N0
    vr4MkhoXe0rZigAAAABJRU5ErkJggg==
  </data>
</iq>`;

function payload(stanza: string): Element {
  const [element] = parse(stanza.trim()).getChildElements();
  if (!element) throw new Error('no payload');
  return element;
}

const element = (attrs: Record<string, string | undefined>, text = 'QUJD') =>
  xml('data', { xmlns: 'urn:xmpp:bob', cid: CID, type: 'image/png', ...attrs }, text);

describe('the examples of XEP-0231', () => {
  test('a request names the cid', () => {
    expect(stanzas.readRequest(payload(REQUEST))).toBe(CID);
    expect(stanzas.request(CID).toString()).toBe(payload(REQUEST).toString());
  });

  test('a result brings bytes, type and age, wrapped as it is', () => {
    const blob = stanzas.readBlob(payload(RESULT));
    expect(blob).toMatchObject({ cid: CID, type: 'image/png', maxAge: 86_400 });
    expect(blob.bytes.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
    expect(blob.bytes).toHaveLength(247);
  });
});

test('the picture of the XEP is not the one that its cid names', () => {
  // Why no test here fetches it: a blob that does not match is thrown away.
  const { bytes } = stanzas.readBlob(payload(RESULT));
  expect(CID).not.toContain(createHash('sha1').update(bytes).digest('hex'));
});

describe('a blob that comes', () => {
  test.each([
    'image/png',
    'text/plain; charset=utf-8',
    'text/plain;charset=utf-8',
    'application/vnd.oasis.opendocument.text',
    'image/svg+xml',
    'application/x-a; b=c; d=e',
    'audio/ogg; codecs="theora, vorbis"', // RFC 4281 §3.2; XEP-0231 §2.5 takes it for granted
  ])('is of the type %j', (type) => {
    expect(stanzas.readBlob(element({ type })).type).toBe(type);
  });

  test.each([
    undefined,
    '',
    'png',
    '/png',
    'image/',
    'image png',
    'image/png/',
    'image/png;',
    'image/png; a',
    'text/html\r\nX-Evil: 1',
    'text/html\n',
    'image/png\u001b[31m',
    'image/\u202egnp',
    '../../etc',
    `image/${'x'.repeat(250)}`,
  ])('is of an unknown type where it says %j', (type) => {
    expect(stanzas.readBlob(element({ type })).type).toBe('application/octet-stream');
  });

  test.each([
    ['0', 0],
    ['86400', 86_400],
    ['0060', 60],
    ['2147483647', 2_147_483_647],
    ['2147483648', 2_147_483_647],
    ['9'.repeat(400), 2_147_483_647],
    ['-1', 0],
    ['+1', 0],
    ['1.5', 0],
    ['1e99', 0],
    ['0x10', 0],
    [' 60', 0],
    ['forever', 0],
    ['NaN', 0],
  ])('may be kept %j seconds', (text, maxAge) => {
    expect(stanzas.readBlob(element({ 'max-age': text })).maxAge).toBe(maxAge);
  });

  test.each([undefined, ''])('does not say how long it may be kept with %j', (text) => {
    expect(stanzas.readBlob(element({ 'max-age': text }))).not.toHaveProperty('maxAge');
  });

  test.each(['QUJ', 'QUI*', 'BBBB=CCC', 'QUJDRB=='])('is refused with the base64 %j', (text) => {
    expect(() => stanzas.readBlob(element({}, text))).toThrow(expect.objectContaining(BAD_REQUEST));
  });

  test.each([undefined, ''])('is refused with the cid %j', (cid) => {
    expect(() => stanzas.readBlob(element({ cid }))).toThrow(expect.objectContaining(BAD_REQUEST));
  });

  test('may be empty', () => {
    expect(stanzas.readBlob(element({}, '')).bytes).toHaveLength(0);
  });

  test('may have 64 KiB, and not a byte more', () => {
    const base64 = (length: number) => Buffer.alloc(length).toString('base64');
    expect(stanzas.readBlob(element({}, base64(65_536))).bytes).toHaveLength(65_536);
    expect(() => stanzas.readBlob(element({}, base64(65_537)))).toThrow(
      expect.objectContaining(BAD_REQUEST),
    );
  });

  test('reads as it was written, through the wire', () => {
    const blobs = fc.record(
      {
        cid: fc.constant(CID),
        type: fc.constantFrom('image/png', 'text/plain; charset=utf-8'),
        maxAge: fc.nat(),
        bytes: fc.uint8Array({ maxLength: 300 }),
      },
      { requiredKeys: ['cid', 'type', 'bytes'] },
    );
    fc.assert(
      fc.property(blobs, (blob) => {
        const read = stanzas.readBlob(parse(stanzas.blobElement(blob).toString()));
        expect(read).toEqual({ ...blob, bytes: Buffer.from(blob.bytes) });
      }),
    );
  });
});

describe('a blob that is sent', () => {
  test('is one line of base64', () => {
    const bytes = new Uint8Array(300);
    expect(stanzas.blobElement({ cid: CID, type: 'image/png', bytes }).getText()).toMatch(
      /^A{400}$/,
    );
  });

  test('says nothing of an age that it has none of, and says an age of 0', () => {
    const blob = { cid: CID, type: 'image/png', bytes: Buffer.from('x') };
    expect(stanzas.blobElement(blob).attrs).not.toHaveProperty('max-age');
    expect(stanzas.blobElement({ ...blob, maxAge: 0 }).attrs).toMatchObject({ 'max-age': '0' });
  });
});

test.each([undefined, ''])('a request is refused with the cid %j', (cid) => {
  expect(() => stanzas.readRequest(element({ cid }))).toThrow(expect.objectContaining(BAD_REQUEST));
});

test('a request and a blob of a cid that is too long are refused (R66)', () => {
  const cid = 'c'.repeat(5_000);
  const element = parse(`<data xmlns='urn:xmpp:bob' cid='${cid}'>AAAA</data>`);
  expect(() => stanzas.readRequest(element)).toThrow('bad-request');
  expect(() => stanzas.readBlob(element)).toThrow('bad-request');
});
