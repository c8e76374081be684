import { describe, expect, test } from '@jest/globals';
import { MalformedJid } from '../../../src/session/jid.js';
import { jidOf, nearestName, ownDomain } from '../../../src/transfer/people/typed-address.js';

const NAMES = new Map([
  ['juliet', 'juliet@capulet.example'],
  ['nas', 'localhost'],
]);

describe('somebody', () => {
  test.each([
    ['juliet', 'juliet@capulet.example'],
    ['nas', 'localhost'],
    ['Juliet@Capulet.example', 'Juliet@Capulet.example'],
    ['example.org', 'example.org'],
    ['localhost/files', 'localhost/files'],
    ['example。org', 'example。org'],
    ['xmpp:localhost', 'localhost'],
    ['xmpp:juliet', 'juliet'],
    ['xmpp:romeo@montague.example?message', 'romeo@montague.example'],
  ])('typed as %s is %s (R202)', (typed, jid) => {
    expect(jidOf(typed, NAMES)).toBe(jid);
  });

  test.each(['julia', 'Juliet', 'localhost', 'toString', 'contact'])(
    'is nobody as %s, which is half an address (R202)',
    (typed) => {
      expect(jidOf(typed, NAMES)).toBeUndefined();
    },
  );

  test.each([
    '',
    'no one',
    'juliet@',
    '@capulet.example',
    'a@b/',
    'xmpp:a b',
    'socks5://h',
    'HTTP://u:p@h:1/x',
  ])('is not %j (R202)', (typed) => {
    expect(() => jidOf(typed, NAMES)).toThrow(MalformedJid);
  });
});

test('the domain of an account is as servers have it', () => {
  expect(ownDomain('Romeo@Montague.Example./x')).toBe('montague.example');
});

test.each([
  ['julia', 'juliet'],
  ['Juliet', 'juliet'],
  ['jul', 'juliet'],
  ['jiulet', undefined],
  ['juilet', 'juliet'],
  ['juliets', 'juliet'],
  ['nuse', 'nurse'],
  ['nursery', 'nurse'],
  ['nas2', 'nas'],
  ['tybalt', undefined],
  ['n', undefined],
  ['xyz', undefined],
])('of %s the name %s is near', (typed, near) => {
  const names = new Map(['juliet', 'nurse', 'nas'].map((name) => [name, `${name}@x.example`]));
  expect(nearestName(typed, names)).toBe(near);
});
