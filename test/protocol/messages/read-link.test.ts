import { describe, expect, test } from '@jest/globals';
import { linkMessage } from '../../../src/protocol/messages/link.js';
import { readLinks } from '../../../src/protocol/messages/read-link.js';
import { parse } from '../../support/linked-sessions.js';

const ADDRESS = 'https://upload.montague.example/a/tr%C3%A8s%20cool.jpg';
const HASH = 'AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=';

const message = (children: string, type = 'chat') =>
  parse(`<message type='${type}' from='juliet@capulet.example/x'>${children}</message>`);

const oob = (url: string, body = url) =>
  `<body>${body}</body><x xmlns='jabber:x:oob'><url>${url}</url></x>`;

const sources = (...urls: string[]) =>
  `<sources>${urls.map((url) => `<url-data xmlns='http://jabber.org/protocol/url-data' target='${url}'/>`).join('')}</sources>`;

const shared = (facts: string, from = sources(ADDRESS)) =>
  `<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'>${facts}</file>${from}</file-sharing>`;

const hash = (text: string) => `<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>${text}</hash>`;

describe('a link', () => {
  test('of ours is read with all that we say of it (R920)', () => {
    const date = new Date('2026-01-02T03:04:05Z');
    const sha256 = Buffer.alloc(32, 1);
    const file = { url: ADDRESS, name: 'très cool.jpg', size: 3_032_449, mediaType: 'image/jpeg' };
    const [link, ...others] = readLinks(
      parse(linkMessage('juliet@capulet.example', 'a1', { ...file, date, sha256 }).toString()),
    );
    expect(others).toEqual([]);
    expect(link?.url.href).toBe(ADDRESS);
    expect(link?.offer).toEqual({
      ...{ name: 'très cool.jpg', size: 3_032_449, mediaType: 'image/jpeg', date },
      hashes: new Map([['sha-256', sha256]]),
    });
  });

  test('is the whole text, as most clients have it, and is called by the end of its path (R920)', () => {
    const [link] = readLinks(message(oob(ADDRESS)));
    expect(link).toEqual({ url: new URL(ADDRESS), offer: { name: 'très cool.jpg' } });
  });

  test.each([
    ['https://a.example/', 'a.example'],
    ['https://a.example/x/%E0%A4%A', '%E0%A4%A'],
    ['https://a.example/x/a%2Fb?c=d', 'a/b'],
  ])('%s is called %s (R920)', (url, name) => {
    expect(readLinks(message(oob(url)))[0]?.offer).toEqual({ name });
  });

  test('may be one of several in a message, each told once (R920)', () => {
    const urls = ['https://a.example/1', 'https://a.example/2'];
    const all = urls.map((url) => shared('<name>a</name>', sources(url))).join('');
    const links = readLinks(message(`${all}${oob(urls[0] as string)}`));
    expect(links.map(({ url }) => url.href)).toEqual(urls);
  });

  test('is the first of its sources that can be asked for (R920)', () => {
    const from = sources('http://a.example/1', 'ftp://a.example/2', 'https://a.example/3');
    const [link] = readLinks(message(shared('', from)));
    expect(link).toEqual({ url: new URL('https://a.example/3'), offer: { name: '3' } });
  });

  test('has a name of no more than a kilobyte (R920)', () => {
    const [link] = readLinks(message(shared(`<name>${'é'.repeat(5000)}</name>`)));
    expect(Buffer.byteLength(link?.offer.name ?? '')).toBe(1024);
  });
});

test.each([
  ['whose text says more than the address', message(oob(ADDRESS, `look: ${ADDRESS}`))],
  ['that has no text', message(`<x xmlns='jabber:x:oob'><url>${ADDRESS}</url></x>`)],
  ['whose text alone is an address', message(`<body>${ADDRESS}</body>`)],
  ['that goes in the clear', message(oob('http://a.example/x'))],
  ['of an encrypted file', message(oob('aesgcm://a.example/x#00'))],
  ['with a name and password', message(oob('https://romeo:secret@a.example/x'))],
  ['with a name', message(shared('', sources('https://romeo@a.example/x')))],
  ['that is no address', message(oob('https://'))],
  ['that is far too long', message(oob(`https://a.example/${'x'.repeat(4096)}`))],
  ['in a room', message(oob(ADDRESS), 'groupchat')],
  ['that came back', message(oob(ADDRESS), 'error')],
  ['without sources', message(shared('<name>a</name>', ''))],
  ['whose size is none', message(shared('<size>-1</size>'))],
  ['whose size is larger than numbers', message(shared('<size>1e400</size>'))],
  ['whose hash is none', message(shared(hash('AQEB')))],
])('nothing is read from one %s (R920)', (_what, found) => {
  expect(readLinks(found)).toEqual([]);
});

test('at most 16 are read of one message (R920)', () => {
  const all = Array.from({ length: 100 }, (_, index) =>
    shared(hash(HASH), sources(`https://a.example/${index}`)),
  );
  expect(readLinks(message(all.join(''))).length).toBe(16);
});
