import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { answerProposals, propose } from '../../../src/protocol/jingle/message-initiation.js';
import { bareJid } from '../../../src/session/jid.js';
import { ConnectionLost, type StanzaSession } from '../../../src/session/stanza-session.js';
import type { Element } from '../../../src/session/xml.js';
import { JULIET, linkedSessions, parse, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const NS = 'urn:xmpp:jingle-message:0';
const CONTACT = bareJid(JULIET);
const FILE = `<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'/>`;

/** What was sent, each as its type, receiver and content. */
let sent: string[];
let errors: Error[];
let romeo: StanzaSession;
let juliet: StanzaSession;
let clock: ManualClock;

beforeEach(() => {
  [sent, errors, clock] = [[], [], new ManualClock()];
  [romeo, juliet] = linkedSessions(
    (stanza, deliver) => {
      const [said] = stanza.getChildElements();
      sent.push(`${stanza.attrs.type} ${stanza.attrs.to} ${said?.getName()} ${said?.attrs.id}`);
      deliver(stanza);
    },
    { onError: (error) => errors.push(error) },
  );
});
afterEach(() => expect(errors).toEqual([]));

const PROPOSED = `chat ${CONTACT} propose s1`;
const RETRACTED = `chat ${CONTACT} retract s1`;

describe('one who proposes', () => {
  const proposed = (signal?: AbortSignal) =>
    propose(romeo, CONTACT, 's1', { timeout: 5_000, ...(signal ? { signal } : {}) }, clock);
  const says = (what: string, attrs = `from='${JULIET}' type='chat'`) =>
    romeo.receive(parse(`<message to='${ROMEO}' ${attrs}>${what}</message>`));
  const proceed = `<proceed xmlns='${NS}' id='s1'/>`;

  test('says to the bare JID what is proposed, not to be stored', async () => {
    const stanzas: Element[] = [];
    juliet.onMessage((message) => stanzas.push(message));
    void proposed();
    await settled();
    says(proceed);
    const [message, ...others] = stanzas;
    expect(others).toEqual([]);
    expect(message?.attrs).toMatchObject({ to: CONTACT, type: 'chat' });
    const [proposal, hint] = message?.getChildElements() ?? [];
    expect(proposal?.toString()).toBe(
      `<propose xmlns="${NS}" id="s1">${FILE.replaceAll("'", '"')}</propose>`,
    );
    expect(hint?.toString()).toBe('<no-store xmlns="urn:xmpp:hints"/>');
  });

  test('goes on with the first resource that proceeds', async () => {
    const peer = proposed();
    await settled();
    says(proceed);
    says(proceed, `from='${CONTACT}/late' type='chat'`);
    expect(await peer).toBe(JULIET);
    expect(sent).toEqual([PROPOSED]);
  });

  test('retracts when nobody has answered in time', async () => {
    const peer = proposed();
    await clock.advance(4_999);
    expect(sent).toEqual([PROPOSED]);
    await clock.advance(1);
    expect(await peer).toBeUndefined();
    expect(sent).toEqual([PROPOSED, RETRACTED]);
  });

  test('retracts in the words of the XEP', async () => {
    const stanzas: Element[] = [];
    juliet.onMessage((message) => stanzas.push(message));
    void proposed();
    await clock.advance(5_000);
    expect(stanzas[1]?.getChildElements()[0]?.toString()).toBe(
      `<retract xmlns="${NS}" id="s1"><reason xmlns="urn:xmpp:jingle:1"><cancel/></reason></retract>`,
    );
  });

  test('retracts when the user has had enough', async () => {
    const enough = new AbortController();
    const peer = proposed(enough.signal);
    await settled();
    enough.abort(new Error('enough'));
    await expect(peer).rejects.toThrow('enough');
    expect(sent).toEqual([PROPOSED, RETRACTED]);
  });

  test('says nothing when the user had enough before', async () => {
    await expect(proposed(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(sent).toEqual([]);
  });

  test('ends with the session', async () => {
    const peer = proposed();
    await settled();
    romeo.end(new ConnectionLost('cut'));
    await expect(peer).rejects.toThrow('cut');
  });

  test.each([
    ['<reason xmlns="urn:xmpp:jingle:1"><busy/><text>Not now</text></reason>', 'Not now'],
    ['<reason xmlns="urn:xmpp:jingle:1"><decline/></reason>', 'decline'],
    ['', 'busy'],
  ])('learns of a rejection because of %j', async (reason, why) => {
    const peer = proposed();
    await settled();
    says(`<reject xmlns='${NS}' id='s1'>${reason}</reject>`);
    await expect(peer).rejects.toMatchObject({ name: 'ProposalRejected', message: why });
    expect(sent).toEqual([PROPOSED]);
  });

  test('is told by the server that nobody is there, and retracts nothing', async () => {
    const peer = proposed();
    await settled();
    const error = `<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
    says(error, `from='${CONTACT}' type='error' id='s1'`);
    expect(await peer).toBeUndefined();
    expect(sent).toEqual([PROPOSED]);
  });

  test.each([
    ['another bare JID', proceed, `from='mallory@capulet.example/balcony'`],
    ['the bare JID without a resource', proceed, `from='${CONTACT}'`],
    ['nobody', proceed, ''],
    ['a room', proceed, `from='${JULIET}' type='groupchat'`],
    ['one that sends back what it does not know', proceed, `from='${JULIET}' type='error' id='s1'`],
    ['one that sends back something else', '', `from='${CONTACT}' type='error' id='s2'`],
    ['one that means another session', proceed.replace('s1', 's2'), `from='${JULIET}'`],
    ['one that means no session', `<proceed xmlns='${NS}'/>`, `from='${JULIET}'`],
    ['one that speaks another language', proceed.replace(NS, 'urn:example'), `from='${JULIET}'`],
    ['one that rings', `<ringing xmlns='${NS}' id='s1'/>`, `from='${JULIET}'`],
    [
      'one that was rejected by a stranger',
      `<reject xmlns='${NS}' id='s1'/>`,
      `from='m@x.example/y'`,
    ],
  ])('hears nothing from %s', async (_, what, attrs) => {
    const peer = proposed();
    await settled();
    says(what, attrs);
    await clock.advance(4_999);
    expect(clock.sleepers).toBe(1);
    says(proceed);
    expect(await peer).toBe(JULIET);
  });
});

describe('one who is proposed to', () => {
  const proposal = (description = FILE, id = 's1') =>
    `<propose xmlns='${NS}' id='${id}'>${description}</propose>`;
  const direct = (content: string, attrs = `from='${ROMEO}' type='chat'`) =>
    `<message to='${JULIET}' ${attrs}>${content}</message>`;
  const carbon = (
    content: string,
    { by = CONTACT, kind = 'received', to = CONTACT, from = ROMEO },
  ) =>
    `<message from='${by}' to='${JULIET}'><${kind} xmlns='urn:xmpp:carbons:2'>
      <forwarded xmlns='urn:xmpp:forward:0'>
        <message xmlns='jabber:client' from='${from}' to='${to}' type='chat'>${content}</message>
      </forwarded></${kind}></message>`;

  /** What Juliet, who lets in Romeo alone, says when she gets this. */
  async function heard(message: string): Promise<string[]> {
    answerProposals(juliet, (from) => bareJid(from) === bareJid(ROMEO));
    juliet.receive(parse(message));
    await settled();
    return sent;
  }

  const PROCEEDS = [`chat ${ROMEO} proceed s1`];

  test.each([
    ['at its full JID', direct(proposal())],
    ['at its bare JID, as a carbon tells', carbon(proposal(), {})],
    ['beside other things', direct(proposal(`<description xmlns='urn:example'/>${FILE}`))],
  ])('proceeds when it is proposed a file %s', async (_, message) => {
    expect(await heard(message)).toEqual(PROCEEDS);
  });

  const marked = `${proposal()}<x xmlns='http://jabber.org/protocol/muc#user'/>`;

  test.each([
    ['itself', direct(marked)],
    ['that a carbon carries', carbon(marked, {})],
  ])('decides by the message %s (R1324)', async (_, message) => {
    const asked: unknown[] = [];
    answerProposals(juliet, (from, by) => {
      asked.push(from, by.attrs.from, by.getChild('x')?.getNS());
      return false;
    });
    juliet.receive(parse(message));
    await settled();
    expect(asked).toEqual([ROMEO, ROMEO, 'http://jabber.org/protocol/muc#user']);
  });

  test('lets those go on who proposed', async () => {
    answerProposals(juliet, () => true);
    expect(await propose(romeo, CONTACT, 's1', {}, clock)).toBe(JULIET);
  });

  test('says nothing any more after the undo', async () => {
    answerProposals(juliet, () => true)();
    juliet.receive(parse(direct(proposal())));
    await settled();
    expect(sent).toEqual([]);
  });

  const DELAY = `<delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:08:25Z'/>`;
  test.each([
    ['a stranger proposes', direct(proposal(), `from='mallory@x.example/y' type='chat'`)],
    ['a stranger proposes, as a carbon tells', carbon(proposal(), { from: 'mallory@x.example/y' })],
    ['it was stored', direct(proposal() + DELAY)],
    ['it was stored before the carbon was made', carbon(proposal() + DELAY, {})],
    ['it comes from a room', direct(proposal(), `from='${ROMEO}' type='groupchat'`)],
    ['it comes back', direct(proposal(), `from='${ROMEO}' type='error'`)],
    ['nobody could be answered', direct(proposal(), `from='${bareJid(ROMEO)}'`)],
    ['it is a call', direct(proposal(`<description xmlns='urn:xmpp:jingle:apps:rtp:1'/>`))],
    ['it is nothing', direct(proposal(''))],
    ['its id is none', direct(proposal(FILE, ''))],
    ['its id cannot be a sid', direct(proposal(FILE, 'a b'))],
    ['it is retracted', direct(proposal().replaceAll('propose', 'retract'))],
    ['a stranger wrapped it', carbon(proposal(), { by: ROMEO })],
    ['another resource sent it', carbon(proposal(), { kind: 'sent' })],
    ['it was for another resource', carbon(proposal(), { to: `${CONTACT}/phone` })],
    ['it comes from no address', carbon(proposal(), { from: 'romeo@@' })],
  ])('says nothing when %s', async (_, message) => {
    expect(await heard(message)).toEqual([]);
  });
});
