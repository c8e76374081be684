import { expect, test } from '@jest/globals';
import { linkMessage, wordsMessage } from '../../../src/protocol/messages/link.js';

const URL = 'https://upload.montague.example/a/tr%C3%A8s%20cool.jpg';
const JULIET = 'juliet@capulet.example';

test('the text of a link is its address, and what is there stands beside it (R727)', () => {
  const message = linkMessage(JULIET, 'a1', {
    ...{ url: URL, name: 'très cool.jpg', size: 3_032_449, mediaType: 'image/jpeg' },
    ...{ date: new Date('2026-01-02T03:04:05Z'), sha256: Buffer.alloc(32, 1) },
  });
  expect(message.toString()).toBe(
    [
      `<message type="chat" to="${JULIET}" id="a1">`,
      '<file-sharing xmlns="urn:xmpp:sfs:0" disposition="attachment">',
      '<file xmlns="urn:xmpp:file:metadata:0"><media-type>image/jpeg</media-type>',
      '<name>très cool.jpg</name><size>3032449</size><date>2026-01-02T03:04:05.000Z</date>',
      '<hash xmlns="urn:xmpp:hashes:2" algo="sha-256">AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=</hash>',
      `</file><sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${URL}"/></sources>`,
      '</file-sharing><fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:sfs:0"><body/></fallback>',
      `<body>${URL}</body><x xmlns="jabber:x:oob"><url>${URL}</url></x>`,
      '<store xmlns="urn:xmpp:hints"/></message>',
    ].join(''),
  );
});

test('what is not known of a file is not told, and no name breaks the XML (R727)', () => {
  const message = linkMessage(JULIET, 'a1', {
    ...{ url: URL, name: 'a\u0001<b>', size: 0, sha256: Buffer.alloc(32) },
  }).toString();
  expect(message).toContain('<name>a\ufffd&lt;b&gt;</name><size>0</size><hash ');
  expect(message).not.toMatch(/media-type|<date/);
});

test('words go as a message of their own, to be kept too (R727)', () => {
  expect(wordsMessage(JULIET, 'a2', 'here & there').toString()).toBe(
    `<message type="chat" to="${JULIET}" id="a2"><body>here &amp; there</body><store xmlns="urn:xmpp:hints"/></message>`,
  );
});
