import { describe, expect, test } from '@jest/globals';
import { readJrd, readXrd } from '../../../src/session/discovery/read-host-meta.js';

const NS = 'http://docs.oasis-open.org/ns/xri/xrd-1.0';
const WEBSOCKET = 'urn:xmpp:alt-connections:websocket';
const BOSH = 'urn:xmpp:alt-connections:xbosh';

const xrd = (links: string) => `<?xml version='1.0' encoding='utf-8'?>
<XRD xmlns='${NS}'>${links}</XRD>
`;
const link = (href: string, rel = WEBSOCKET) => `<Link rel="${rel}" href="${href}"/>`;
const jrd = (...hrefs: unknown[]) =>
  JSON.stringify({ links: hrefs.map((href) => ({ rel: WEBSOCKET, href })) });
const found = (urls: URL[]) => urls.map(({ href }) => href);

// XEP-0156 §2.3
const XRD = xrd(`
  <Subject>x</Subject>
  <Link rel="${BOSH}"
        href="https://web.example.com:5280/bosh" />
  <Link rel="${WEBSOCKET}"
        href="wss://web.example.com:443/ws" />
`);
const JRD = JSON.stringify({
  links: [
    { rel: BOSH, href: 'https://web.example.com:5280/bosh' },
    { rel: WEBSOCKET, href: 'wss://web.example.com:443/ws' },
  ],
});

test.each([
  ['XRD', readXrd, XRD],
  ['JRD', readJrd, JRD],
])('a host-meta names its WebSockets: %s (R1125)', (_form, read, text) => {
  expect(found(read(text))).toEqual(['wss://web.example.com/ws']);
});

test.each([
  `<x:XRD xmlns:x='${NS}'><x:Link rel='${WEBSOCKET}' href='wss://a.example/ws'/></x:XRD>`,
  xrd(`<!-- <Link/> --><Link href='wss://a.example/ws' rel='${WEBSOCKET}'><Title>x</Title></Link>`),
  xrd(`<Link rel='${WEBSOCKET}' href='wss&#58;//a.example/ws' xml:lang='en'></Link><!-- > -->`),
])('an XRD may be written in another way (R1125)', (text) => {
  expect(found(readXrd(text))).toEqual(['wss://a.example/ws']);
});

const REFUSED = [
  ['is not encrypted', 'ws://a.example/ws'],
  ['is of another protocol', 'https://a.example/ws'],
  ['has a name in it', 'wss://romeo@a.example/ws'],
  ['has a password in it', 'wss://:secret@a.example/ws'],
  ['has a fragment', 'wss://a.example/ws#x'],
  ['is relative', '/ws'],
  ['is no URL', 'wss://[a.example/ws'],
  ['has a zone', 'wss://[fe80::1%25eth0]/ws'],
  ['is too long', `wss://a.example/${'x'.repeat(4096)}`],
  ['is empty', ''],
] as const;

describe.each([
  ['XRD', (hrefs: readonly string[]) => readXrd(xrd(hrefs.map((href) => link(href)).join('')))],
  ['JRD', (hrefs: readonly string[]) => readJrd(jrd(...hrefs))],
])('of an %s', (_form, read) => {
  test.each(REFUSED)('an address is left out that %s (R1126)', (_why, href) => {
    expect(found(read([href, 'wss://b.example/ws']))).toEqual(['wss://b.example/ws']);
  });

  test('the first three addresses are taken, each once (R1126)', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => `wss://${at}.example/ws`);
    const hrefs = ['wss://0.example/ws', ...many];
    expect(found(read(hrefs))).toEqual([0, 1, 2].map((at) => `wss://${at}.example/ws`));
  });

  test('none is an answer, too (R1125)', () => {
    expect(read([])).toEqual([]);
  });
});

test.each([
  ['nothing', '', 'it is no XRD document'],
  ['a web page', '<!DOCTYPE html><html><p>Log in here</html>', 'XML that XMPP forbids'],
  [
    'another document',
    `<XRD xmlns='urn:x'>${link('wss://a.example')}</XRD>`,
    'it is no XRD document',
  ],
  ['one that is cut', XRD.slice(0, -20), 'it is no XRD document'],
  ['one with its end alone', '</XRD>', ''],
  ['one in another one', `<a>${XRD}</a>`, 'it is no XRD document'],
  ['an entity', xrd(link('&ws;')), 'the XML has an unknown reference'],
  ['entities of its own', `<!DOCTYPE x [<!ENTITY a "b">]>${XRD}`, 'XML that XMPP forbids'],
  ['a comment without an end', `${XRD}<!--`, 'a comment does not end'],
  ['comments without an end', '<!--'.repeat(16_000), 'a comment does not end'],
  ['depth', '<a>'.repeat(20_000), 'it is no XRD document'],
])('what is no XRD is refused: %s (R1126)', (_what, text, why) => {
  expect(() => readXrd(text)).toThrow(why);
});

test('of an XRD nothing is taken but its own links (R1126)', () => {
  const deep = `<Property>${link('wss://a.example/ws')}</Property>`;
  const other = `<Link xmlns='urn:other' rel='${WEBSOCKET}' href='wss://a.example/ws'/>`;
  expect(readXrd(xrd(deep + other + link('wss://a.example/ws', `${WEBSOCKET}x`)))).toEqual([]);
});

test.each([
  ...['', '[', '['.repeat(30_000)].map((text) => [text, 'JSON']),
  ...['null', '1', '"wss://a.example/ws"'].map((text) => [text, 'it is no JRD document']),
  ...['{"links": {}}', '{"links": "x"}', '{"links": null}'].map((text) => [
    text,
    'its links are no list',
  ]),
] as [string, string][])('what is no JRD is refused: %.20s (R1126)', (text, why) => {
  expect(() => readJrd(text)).toThrow(why);
});

test.each([
  ['{}', '{}'],
  ['links of any kind', JSON.stringify({ links: [null, 1, 'x', [], {}, { rel: WEBSOCKET }] })],
  ['addresses of any kind', jrd(null, 1, { href: 'wss://a.example' }, ['wss://a.example'])],
])('of a JRD nothing else is taken: %s (R1126)', (_what, text) => {
  expect(readJrd(text)).toEqual([]);
});
