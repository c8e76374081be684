import { describe, expect, test } from '@jest/globals';
import { StanzaError } from '../../src/session/stanza-error.js';
import { type Element, xml } from '../../src/session/xml.js';
import { parse } from '../support/linked-sessions.js';

const NS = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";

describe('a stanza error', () => {
  test('says its condition, and what more there is to say', () => {
    expect(new StanzaError('cancel', 'item-not-found').message).toBe('item-not-found');
    const error = new StanzaError('modify', 'bad-request', 'no sid');
    expect(error.message).toBe('bad-request (no sid)');
  });

  test('is written with its type, condition and text', () => {
    expect(new StanzaError('cancel', 'item-not-found').toElement().toString()).toBe(
      `<error type="cancel"><item-not-found ${NS.replaceAll("'", '"')}/></error>`,
    );
    const text = new StanzaError('modify', 'bad-request', 'a < b').toElement().getChild('text');
    expect(text?.getNS()).toBe('urn:ietf:params:xml:ns:xmpp-stanzas');
    expect(text?.getText()).toBe('a < b');
  });

  test('reads as it was written', () => {
    const error = new StanzaError('wait', 'resource-constraint', 'the reader is <behind>');
    const stanza = parse(`<iq type='error'>${error.toElement()}</iq>`);
    expect(StanzaError.fromStanza(stanza)).toMatchObject({
      type: 'wait',
      condition: 'resource-constraint',
      text: 'the reader is <behind>',
    });
  });

  // RFC 6120 §8.3.1, with a condition of an application
  test('is read whatever the order of its parts', () => {
    const stanza = parse(`<iq type='error'><error by='example.net' type='modify'>
      <too-many-parameters xmlns='http://example.com/ns'/>
      <text ${NS} xml:lang='en'>Some special application diagnostic information...</text>
      <undefined-condition ${NS}/>
    </error></iq>`);
    expect(StanzaError.fromStanza(stanza)).toMatchObject({
      type: 'modify',
      condition: 'undefined-condition',
      text: 'Some special application diagnostic information...',
      specific: { name: 'too-many-parameters', xmlns: 'http://example.com/ns' },
    });
  });

  test('may say more in the words of a protocol', () => {
    const specific = { name: 'bad-profile', xmlns: 'http://jabber.org/protocol/si' };
    const error = new StanzaError('modify', 'bad-request', 'only files', specific);
    expect(error.message).toBe('bad-request (only files)');
    const stanza = parse(`<iq type='error'>${error.toElement()}</iq>`);
    expect(StanzaError.fromStanza(stanza)).toMatchObject({ condition: 'bad-request', specific });
    expect(new StanzaError('cancel', 'conflict').specific).toBeUndefined();
  });

  test.each(['auth', 'cancel', 'continue', 'modify', 'wait'])('may be of the type %s', (type) => {
    const stanza = parse(`<iq type='error'><error type='${type}'><gone ${NS}/></error></iq>`);
    expect(StanzaError.fromStanza(stanza).type).toBe(type);
  });

  test.each([
    ['nothing', ''],
    ['no condition', "<error type='cancel'/>"],
    ['no type', `<error><undefined-condition ${NS}/></error>`],
    ['an unknown type', `<error type='fatal'><undefined-condition ${NS}/></error>`],
    ['a condition of another namespace', "<error type='cancel'><conflict xmlns='urn:x'/></error>"],
    ['a type of the prototype', `<error type='constructor'><undefined-condition ${NS}/></error>`],
    ['the request instead', "<query xmlns='urn:x'/>"],
  ])('with %s is a cancel for reasons unknown', (_what, error) => {
    const stanza = parse(`<iq type='error'>${error}</iq>`);
    expect(StanzaError.fromStanza(stanza)).toMatchObject({
      type: 'cancel',
      condition: 'undefined-condition',
      text: '',
    });
  });

  const read = (...children: Element[]) =>
    StanzaError.fromStanza(xml('iq', {}, xml('error', { type: 'wait' }, ...children)));
  const xmlns = 'urn:ietf:params:xml:ns:xmpp-stanzas';

  test('of a condition that there is not is one for reasons unknown (R63)', () => {
    for (const name of ['x'.repeat(200_000), 'constructor', 'text']) {
      expect(read(xml(name, { xmlns })).condition).toBe('undefined-condition');
    }
    expect(read(xml('gone', { xmlns }, 'x'.repeat(200_000))).message).toBe('gone');
  });

  test('says no more than 500 characters, whatever came (R63)', () => {
    const { text, message } = read(
      xml('gone', { xmlns }),
      xml('text', { xmlns }, 'é'.repeat(1000)),
    );
    expect(text).toBe('é'.repeat(500));
    expect(message).toHaveLength(507);
  });

  test.each([
    ['a name', xml('x'.repeat(200_000), { xmlns: 'urn:x' })],
    ['a namespace', xml('x', { xmlns: 'x'.repeat(200_000) })],
  ])('has no words of a protocol with %s too long for any (R63)', (_what, element) => {
    expect(read(xml('gone', { xmlns }), element)).toMatchObject({ condition: 'gone' });
    expect(read(xml('gone', { xmlns }), element).specific).toBeUndefined();
  });
});
