import { describe, expect, test } from '@jest/globals';
import { ownHints } from '../../src/session/hints.js';
import { MalformedJid } from '../../src/session/jid.js';
import { isJidUri, jidOfUri } from '../../src/session/jid-uri.js';

describe('the address in a URI', () => {
  test.each([
    ['xmpp:juliet@example.org', 'juliet@example.org'],
    ['XMPP:juliet@example.org/balcony', 'juliet@example.org/balcony'],
    ['xmpp:example.org', 'example.org'],
    ['xmpp:localhost', 'localhost'],
    // RFC 5122 §2.7
    [
      'xmpp:nasty!%23$%25()*+,-.;=%3F%5B%5C%5D%5E_%60%7B%7C%7D~node@example.com',
      'nasty!#$%()*+,-.;=?[\\]^_`{|}~node@example.com',
    ],
    [
      "xmpp:node@example.com/repulsive%20!%23%22$%25&'()*+,-.%2F:;%3C=%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D~resource",
      'node@example.com/repulsive !#"$%&\'()*+,-./:;<=>?@[\\]^_`{|}~resource',
    ],
    ['xmpp:ji%C5%99i@%C4%8Dechy.example/v%20Praze', 'jiři@čechy.example/v Praze'],
    ['xmpp:jiři@čechy.example', 'jiři@čechy.example'],
  ])('%s is %s (R201)', (uri, jid) => {
    expect(isJidUri(uri)).toBe(true);
    expect(jidOfUri(uri)).toBe(jid);
  });

  test.each([
    'xmpp:juliet@example.org?message;subject=Test%20Message;body=Here%27s',
    'xmpp:juliet@example.org?sendfile',
    'xmpp:juliet@example.org?omemo-sid-123=abc;omemo-sid-4=def',
    'xmpp:juliet@example.org?roster;name=J#join',
    'xmpp:juliet@example.org?',
    'xmpp:juliet@example.org#join',
  ])('is all that counts of %s (R201)', (uri) => {
    expect(jidOfUri(uri)).toBe('juliet@example.org');
  });

  test.each([
    ['xmpp:room@example.org?join', /asks to "join"/],
    ['xmpp:room@example.org?JOIN;password=x', /asks to "JOIN"/],
    ['xmpp:juliet@example.org?recvfile;sid=x', /asks to "recvfile"/],
    ['xmpp:pubsub.example.org?pubsub;node=x', /asks to "pubsub"/],
    ['xmpp://romeo@example.org/juliet@example.org', /an account to log in with/],
    ['xmpp://example.org', /an account to log in with/],
    ['xmpp:juliet%40example.org', /escaped "@" or "\/"/],
    ['xmpp:ju%2Fliet@example.org', /escaped "@" or "\/"/],
    ['xmpp:juliet@example.org%2Fbalcony', /escaped "@" or "\/"/],
    ['xmpp:100%@example.org', /"%"/],
    ['xmpp:ji%C5i@example.org', /"%"/],
    ['xmpp:juliet@example.org/%00', /not an XMPP address/],
    ['xmpp:juliet@example.org/', /not an XMPP address/],
    ['xmpp:', /not an XMPP address/],
    ['xmpp:?message', /not an XMPP address/],
    ['xmpp:xmpp:juliet@example.org', /not an XMPP address/],
  ])('is not in %s (R201)', (uri, why) => {
    expect(() => jidOfUri(uri)).toThrow(MalformedJid);
    expect(() => jidOfUri(uri)).toThrow(why);
  });

  test.each([
    [
      'xmpp:room@example.org?join',
      'asks to "join", and not for an address',
      'leave out what follows the "?"',
    ],
    ['xmpp://example.org', 'names an account to log in with', 'give xmpp:name@example.org'],
  ])('and %s says so, with what to do', (uri, why, hint) => {
    expect(() => jidOfUri(uri)).toThrow(`"${uri}" ${why}`);
    try {
      jidOfUri(uri);
    } catch (error) {
      expect(ownHints(error as Error)).toEqual([hint]);
    }
  });
});

test.each(['juliet@example.org', 'xmpps:juliet@example.org', 'juliet@example.org/xmpp:'])(
  '%s is no such URI',
  (text) => {
    expect(isJidUri(text)).toBe(false);
  },
);
