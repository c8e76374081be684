import { expect, test } from '@jest/globals';
import { SealBroken } from '../../../src/protocol/seal/seal-broken.js';
import { elementOf, xmlText } from '../../../src/protocol/seal/sealed-xml.js';
import { xml } from '../../../src/session/xml.js';

const FILE = xml('file', { xmlns: 'urn:a' }, xml('name', {}, 'a <b> & "c" \u{1f600}\t\n]]>'));

test('an element is read as it was written (R804)', () => {
  expect(xmlText(elementOf(xmlText(FILE)))).toBe(xmlText(FILE));
});

test.each([
  ['nothing', ''],
  ['a text', 'file'],
  ['two elements', '<file/><file/>'],
  ['half of one', '<file>'],
  ['more than its end', '<file/></sealed>'],
  ['white space before it', ' <file/>'],
  ['white space behind it', '<file/>\n'],
  ['a text behind it', '<file/>x'],
  ['a declaration before it', '<?xml version="1.0"?><file/>'],
  ['an instruction in it', '<file><?php ?></file>'],
  ['a comment before it', '<!-- --><file/>'],
  ['a comment in it', '<file><!-- --></file>'],
  ['a document type', '<!DOCTYPE file><file/>'],
  ['a raw section', '<file><![CDATA[x]]></file>'],
  ['a control character in it', '<file>\u001b[2J</file>'],
  ['a NUL', '<file>\0</file>'],
  ['half of a character', '<file>\ud800</file>'],
  ['what is no character', '<file>\uffff</file>'],
])('%s is broken, where one element should be (R804)', (_what, text) => {
  expect(() => elementOf(text)).toThrow(SealBroken);
});
