import { expect, test } from '@jest/globals';
import { parse } from '../linked-sessions.js';
import { acceptStanza, passedOn } from './strict-server.js';

test.each([
  `<iq id="'>" xml:lang='en'><a xmlns='urn:a'>&lt;&#9;&amp;</a></iq>`,
  `<message xmlns:q='urn:q' q:a='1'><q:b/></message>`,
  '<presence/>',
])('takes %s', (text) => {
  expect(() => acceptStanza(text)).not.toThrow();
});

test.each([
  ['more than 256 KiB', `<iq id="${'x'.repeat(262_200)}"/>`],
  ['a prefix without a declaration', '<iq><q:a/></iq>'],
  ['an attribute whose prefix has none', "<iq q:a='1'/>"],
  ['one attribute twice', "<iq a='1' a='2'/>"],
  ['one attribute by two prefixes', "<iq xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>"],
  ['a prefix for no namespace', "<iq xmlns:q=''/>"],
  ['a character that XML has not', '<iq>\u0001</iq>'],
  ['a reference to one', '<iq>&#1;</iq>'],
  ['half a character', '<iq>\ud800</iq>'],
  ['an ampersand', "<iq a='&'/>"],
  ['another entity', '<iq>&nbsp;</iq>'],
  ['the end of a marked section', '<iq>]]></iq>'],
  ['markup in an attribute', "<iq a='<'/>"],
  ['tags that do not match', '<iq><a></iq></a>'],
  ['what is not whole', '<iq><a></a>'],
  ['two stanzas', '<iq/><iq/>'],
  ['a name that is none', '<iq><1/></iq>'],
  ['a comment', '<iq><!-- --></iq>'],
])('ends the stream over %s (R97)', (_what, text) => {
  expect(() => acceptStanza(text)).toThrow(/^(not-well-formed|policy-violation)/);
});

test('passes on a namespace wherever it is another than around it (R97)', () => {
  const stanza = parse(`<iq xmlns:n='urn:n' n:a="'"><x xmlns='urn:x'><y/><n:z/><n:z/></x></iq>`);
  expect(passedOn(stanza)).toBe(
    `<iq xmlns:ns1='urn:n' ns1:a='&apos;'><x xmlns='urn:x'><y/><z xmlns='urn:n'/><z xmlns='urn:n'/></x></iq>`,
  );
});
