import { describe, expect, test } from '@jest/globals';
import {
  readSlot,
  readUploads,
  slotRequest,
  UnusableSlot,
} from '../../../src/protocol/http-upload/stanzas.js';
import { parse } from '../../support/linked-sessions.js';

const SERVICE = 'upload.montague.tld';
const NS = 'urn:xmpp:http:upload:0';

/** Example 4 of the XEP: what the service says of itself. */
const info = (field = "<field var='max-file-size'><value>5242880</value></field>", form = NS) =>
  parse(`<query xmlns='http://jabber.org/protocol/disco#info'>
    <identity category='store' type='file' name='HTTP File Upload'/><feature var='${NS}'/>
    <x type='result' xmlns='jabber:x:data'>
      <field var='FORM_TYPE' type='hidden'><value>${form}</value></field>${field}</x></query>`);

test('a service says that it takes uploads, and how large (R720)', () => {
  expect(readUploads(info())).toEqual({ maxSize: 5_242_880 });
});

test.each([
  ['says nothing of a size', info('')],
  ['says it in another form', info(undefined, 'urn:xmpp:mam:2')],
  ...['', '-1', '0', '1e6', 'much', '9999999999999999'].map((size): [string, typeof never] => [
    `says "${size}"`,
    info(`<field var='max-file-size'><value>${size}</value></field>`),
  ]),
])('one that %s takes files of any size, as far as is known (R720)', (_what, said) => {
  expect(readUploads(said)).toEqual({ maxSize: undefined });
});
const never = info();

test('whoever does not say so takes none (R720)', () => {
  const rooms = parse(`<query xmlns='http://jabber.org/protocol/disco#info'>
    <feature var='http://jabber.org/protocol/muc'/></query>`);
  expect(readUploads(rooms)).toBeUndefined();
});

test('a place is asked for with name, size and type (R721)', () => {
  const file = { name: 'très cool.jpg', size: 23_456, mediaType: 'image/jpeg' };
  expect(slotRequest(file).toString()).toBe(
    `<request xmlns="${NS}" filename="très cool.jpg" size="23456" content-type="image/jpeg"/>`,
  );
});

test('a name that XML cannot carry is asked for without those characters (R721)', () => {
  const request = slotRequest({ name: 'a\u0001b', size: 1, mediaType: 'text/plain' });
  expect(request.attrs.filename).toBe('a\ufffdb');
});

const PUT = 'https://upload.montague.tld/4a77/tr%C3%A8s%20cool.jpg';
const GET = 'https://download.montague.tld/4a77/tr%C3%A8s%20cool.jpg';

const slot = ({ put = `url='${PUT}'`, get = `url='${GET}'`, headers = '' }) =>
  parse(`<iq type='result' id='1'><slot xmlns='${NS}'>
    <put ${put}>${headers}</put><get ${get}/></slot></iq>`);

const header = (name: string, value: string) => `<header name='${name}'>${value}</header>`;

describe('the place that a service gives', () => {
  test('has two addresses, and what is to be said at the first (R721)', () => {
    const headers =
      header('Authorization', 'Basic Base64String==') + header('Cookie', 'foo=bar; user=romeo');
    const { put, get, headers: read } = readSlot(slot({ headers }), SERVICE);
    expect([put.href, get.href]).toEqual([PUT, GET]);
    expect(read).toEqual({
      authorization: ['Basic Base64String=='],
      cookie: ['foo=bar; user=romeo'],
    });
  });

  test('names the address in ASCII, whatever the server wrote (R721)', () => {
    expect(
      readSlot(slot({ get: "url='https://download.montague.tld/très cool.jpg'" }), SERVICE).get
        .href,
    ).toBe('https://download.montague.tld/tr%C3%A8s%20cool.jpg');
  });

  test('makes us say nothing but what the XEP allows, in whatever case, in its order (R721)', () => {
    const headers = [
      ...[header('eXpires', 'a'), header('Host', 'evil'), header('Content-Length', '0')],
      ...[header('Transfer-Encoding', 'chunked'), header('EXPIRES', 'b'), header('X-Own', 'c')],
      ...[header('constructor', 'd'), '<header>e</header>'],
    ].join('');
    expect(readSlot(slot({ headers }), SERVICE).headers).toEqual({ expires: ['a', 'b'] });
  });

  test('cannot begin another line by a header (R721)', () => {
    const headers = header('Auth&#10;orization', 'Basic a&#13;&#10;Host: evil&#10;');
    expect(readSlot(slot({ headers }), SERVICE).headers).toEqual({
      authorization: ['Basic aHost: evil'],
    });
  });

  const WHY: Record<string, string> = {
    'wants many headers': 'wants too many headers with the upload',
    'wants a long header': 'wants a header cookie with the upload that cannot be sent',
    'wants a letter that no header has':
      'wants a header cookie with the upload that cannot be sent',
  };

  test.each([
    ['has no address', { put: '' }],
    ['has none to be got from', { get: '' }],
    ['is to be reached in the clear', { put: "url='http://upload.montague.tld/a'" }],
    ['is to be got in the clear', { get: "url='http://upload.montague.tld/a'" }],
    ['is a file of ours', { get: "url='file:///etc/passwd'" }],
    ['names somebody', { put: "url='https://romeo@upload.montague.tld/a'" }],
    ['has a password', { put: "url='https://:secret@upload.montague.tld/a'" }],
    ['is no address', { put: "url='https://'" }],
    ['is endless', { put: `url='https://a/${'a'.repeat(5000)}'` }],
    ['wants a letter that no header has', { headers: header('Cookie', 'a\u2028') }],
    ['wants a long header', { headers: header('Cookie', 'a'.repeat(9000)) }],
    ['wants many headers', { headers: header('Cookie', 'a').repeat(17) }],
  ])('is not used if it %s (R721)', (what, parts) => {
    expect(() => readSlot(slot(parts), SERVICE)).toThrow(UnusableSlot);
    const why = WHY[what] ?? 'has given no HTTPS address for the file';
    expect(() => readSlot(slot(parts), SERVICE)).toThrow(`${SERVICE} ${why}`);
  });

  test('is none in an answer without one (R721)', () => {
    expect(() => readSlot(parse("<iq type='result' id='1'/>"), SERVICE)).toThrow(UnusableSlot);
  });
});
