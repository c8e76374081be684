import { describe, expect, test } from '@jest/globals';
import * as stanzas from '../../../src/protocol/jingle/stanzas.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { parse } from '../../support/linked-sessions.js';

/** XEP-0261, example 1. */
const INITIATE = `
  <jingle xmlns='urn:xmpp:jingle:1'
          action='session-initiate'
          initiator='romeo@montague.lit/orchard'
          sid='a73sjjvkla37jfea'>
    <content creator='initiator' name='ex'>
      <description xmlns='urn:xmpp:example'/>
      <transport xmlns='urn:xmpp:jingle:transports:ibb:1'
                 block-size='4096'
                 sid='ch3d9s71'/>
    </content>
  </jingle>`;

const read = (text: string) => stanzas.readJingle(parse(text));

const refused = (text: string) => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof StanzaError) return `${error.condition}/${error.type}`;
  }
  return 'read';
};

describe('an action', () => {
  test('to initiate a session brings its contents', () => {
    const { action, sid, contents, reason, info } = read(INITIATE);
    expect({ action, sid }).toEqual({ action: 'session-initiate', sid: 'a73sjjvkla37jfea' });
    expect({ reason, info }).toEqual({ reason: undefined, info: undefined });
    expect(contents).toMatchObject([{ creator: 'initiator', name: 'ex', security: undefined }]);
    expect(contents[0]?.description?.getNS()).toBe('urn:xmpp:example');
    expect(contents[0]?.transport?.attrs['block-size']).toBe('4096');
  });

  test('says whose the content is and who sends, by default the initiator and both', () => {
    const [content] = read(INITIATE.replace("creator='initiator'", '')).contents;
    expect(content).toMatchObject({ creator: 'initiator', senders: 'both' });
    const [other] = read(INITIATE.replace("name='ex'", "name='ex' senders='initiator'")).contents;
    expect(other?.senders).toBe('initiator');
  });

  test('says that it wants to be encrypted end to end', () => {
    const security = "<security xmlns='urn:xmpp:jingle:jet:0'/></content>";
    const [content] = read(INITIATE.replace('</content>', security)).contents;
    expect(content?.security?.getNS()).toBeDefined();
  });

  test('to end a session brings the reason', () => {
    const terminate = `
      <jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='a73sjjvkla37jfea'>
        <reason>
          <media-error/>
          <text>too much of it</text>
          <file-too-large xmlns='urn:xmpp:jingle:apps:file-transfer:errors:0'/>
        </reason>
      </jingle>`;
    const { reason } = read(terminate);
    expect(reason).toMatchObject({ condition: 'media-error', text: 'too much of it' });
    expect(reason?.specific?.name).toBe('file-too-large');
  });

  test.each([
    ['<reason/>', 'general-error'],
    ['<reason><text>because</text></reason>', 'general-error'],
    ['<reason><text>because</text><busy/></reason>', 'busy'],
    ['<reason><who-knows/></reason>', 'who-knows'],
  ])('may say little of the reason: %s', (reason, condition) => {
    const text = `<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='a'>${reason}</jingle>`;
    expect(read(text).reason?.condition).toBe(condition);
  });

  test('that informs brings what it says, and nothing when it is a ping', () => {
    const ping = "<jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='a'/>";
    expect(read(ping).info).toBeUndefined();
    const ringing = ping.replace(
      '/>',
      "><ringing xmlns='urn:xmpp:jingle:apps:rtp:info:1'/></jingle>",
    );
    expect(read(ringing).info?.name).toBe('ringing');
  });

  test.each([
    ['no sid', INITIATE.replace("sid='a73sjjvkla37jfea'", '')],
    ['an empty sid', INITIATE.replace("sid='a73sjjvkla37jfea'", "sid=''")],
    ['a sid with a space', INITIATE.replace('a73sjjvkla37jfea', 'a 73')],
    ['a long sid', INITIATE.replace('a73sjjvkla37jfea', 'a'.repeat(129))],
    ['no action', INITIATE.replace("action='session-initiate'", '')],
    ['an unknown action', INITIATE.replace('session-initiate', 'session-begin')],
    ['an action of all objects', INITIATE.replace('session-initiate', 'toString')],
    ['an unknown creator', INITIATE.replace("creator='initiator'", "creator='romeo'")],
  ])('with %s is refused', (_what, text) => {
    expect(refused(text)).toBe('bad-request/modify');
  });
});

describe('what is sent', () => {
  test('can be read', () => {
    const reason = { condition: 'decline', text: 'no <thanks>' };
    const element = stanzas.jingle('session-terminate', 's1', {}, stanzas.reason(reason));
    expect(read(element.toString())).toMatchObject({ action: 'session-terminate', reason });
  });

  test.each([
    [stanzas.unknownSession(), 'item-not-found', 'cancel', 'unknown-session'],
    [stanzas.outOfOrder(), 'unexpected-request', 'wait', 'out-of-order'],
    [stanzas.unsupportedInfo(), 'feature-not-implemented', 'modify', 'unsupported-info'],
    [stanzas.tieBreak(), 'conflict', 'cancel', 'tie-break'],
  ])('to refuse says why in words of Jingle: %s', (error, condition, type, specific) => {
    expect(error).toMatchObject({ condition, type });
    const [, own] = parse(error.toElement().toString()).getChildElements();
    expect(own?.is(specific, 'urn:xmpp:jingle:errors:1')).toBe(true);
  });
});
