import { expect, test } from '@jest/globals';
import { Parser } from '@xmpp/xml';

/** What is not in the README of `@xmpp/xml`, and `StreamParser` relies on; see CONTRIBUTING.md. */
const MEMBERS = ['cursor', 'onEndElement', 'onStartElement', 'onText'];

/** A parser of the library that is told what it would have read. */
function told() {
  const parser = new Parser();
  const events: string[] = [];
  for (const event of ['start', 'element', 'end']) {
    parser.on(event, (element) => events.push(`${event} ${element}`));
  }
  return { parser, events };
}

test('the parser of @xmpp/xml has the members that ours overrides or reads (R287)', () => {
  const { parser } = told();
  expect(MEMBERS.filter((name) => !(name in parser))).toEqual([]);
});

test('the parser of @xmpp/xml builds elements of what its three methods are told (R287)', () => {
  const { parser, events } = told();
  parser.onStartElement('stream', { xmlns: 'urn:example:stream' });
  parser.onStartElement('message', { id: '1' });
  parser.onStartElement('body', {});
  parser.onText('a ');
  parser.onText('letter');
  parser.onEndElement('body');
  parser.onEndElement('message');
  parser.onEndElement('stream');
  expect(events).toEqual([
    'start <stream xmlns="urn:example:stream"/>',
    'element <message id="1"><body>a letter</body></message>',
    'end <stream xmlns="urn:example:stream"/>',
  ]);
});

test('the cursor of @xmpp/xml is the element that is open, and may be set back to one around it (R287)', () => {
  const { parser, events } = told();
  parser.onStartElement('stream', {});
  parser.onStartElement('message', {});
  const message = parser.cursor;
  expect(String(message)).toBe('<message/>');
  parser.onStartElement('body', {});
  parser.onStartElement('b', {});
  expect([parser.cursor.name, parser.cursor.parent.name]).toEqual(['b', 'body']);
  parser.cursor = message;
  message.children.length = 0;
  parser.onEndElement('message');
  expect(events.at(-1)).toBe('element <message/>');
  expect(parser.cursor.name).toBe('stream');
});

test('the parser of @xmpp/xml tells of an end that closes something else (R287)', () => {
  const { parser } = told();
  const errors: Error[] = [];
  parser.on('error', (error) => errors.push(error));
  parser.onStartElement('stream', {});
  parser.onEndElement('message');
  expect(errors).toHaveLength(1);
});
