import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { UnsendableStanza } from '../../../src/session/stream/serialize.js';
import { type Element, xml } from '../../../src/session/xml.js';
import {
  attribute,
  BIND,
  type Login,
  mechanisms,
  type Peer,
  success,
} from '../../support/servers/scripted-server.js';
import { PeerGone } from '../../support/unread.js';
import {
  ACCOUNT,
  DOMAIN,
  JID,
  JULIET,
  NS_PING,
  online,
  prepareHostileServers,
  streamError,
} from './hostile-server.js';

const TYBALT = 'tybalt@capulet.example/street';
const NS_TEST = 'urn:example:test';

prepareHostileServers();

const message = (content: string) => `<message from='${JULIET}'>${content}</message>`;

/** Resolves once the client has handled everything written before; rejects with `PeerGone`. */
async function caughtUp(peer: Peer): Promise<void> {
  peer.write(`<iq type='get' id='caught-up' from='${DOMAIN}'><ping xmlns='${NS_PING}'/></iq>`);
  await peer.expect(/<iq[^>]*id=["']caught-up["']/);
}

/** Either the session goes on and answers, or it ends in good order. */
async function whatBecomesOf(session: Session, peer: Peer): Promise<'online' | 'ended'> {
  try {
    await caughtUp(peer);
    return 'online';
  } catch (error) {
    if (!(error instanceof PeerGone)) throw error;
    if (!session.ended.aborted) await once(session.ended, 'abort');
    return 'ended';
  }
}

/** Whether a promise has settled, without waiting for it. */
function watch(promise: Promise<unknown>): { settled: boolean } {
  const state = { settled: false };
  const settle = () => {
    state.settled = true;
  };
  promise.then(settle, settle);
  return state;
}

describe('a reply', () => {
  test.each([
    ['result', TYBALT],
    ['error', TYBALT],
    ['result', 'juliet@capulet.example'],
    ['result', 'juliet@capulet.example/chamber'],
    ['result', 'capulet.example'],
    ['result', DOMAIN],
    ['result', ACCOUNT],
    ['result', undefined],
  ])('of type %s with the right id is ignored if it comes from %s (R7)', async (type, from) => {
    const [session, peer] = await online();
    const reply = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    const state = watch(reply);
    const { id } = await peer.stanza('iq');
    peer.write(`<iq type='${type}' id='${id}'${from ? ` from='${from}'` : ''}><false/></iq>`);
    await caughtUp(peer);
    expect(state.settled).toBe(false);

    peer.write(`<iq type='result' id='${id}' from='${JULIET}'><true xmlns='${NS_TEST}'/></iq>`);
    expect((await reply).getChild('true', NS_TEST)).toBeDefined();
  });

  test.each([
    [undefined, undefined, true],
    [undefined, ACCOUNT, true],
    [ACCOUNT, undefined, true],
    [ACCOUNT, ACCOUNT, true],
    [DOMAIN, DOMAIN, true],
    [undefined, TYBALT, false],
    [undefined, DOMAIN, false],
    [undefined, `romeo@${DOMAIN}.example`, false],
    [DOMAIN, TYBALT, false],
    [DOMAIN, undefined, false],
    [DOMAIN, ACCOUNT, false],
    ['juliet@CAPULET.example/balcony', JULIET, true],
  ])('to a request to %s from %s: accepted %s (RFC 6120 §8.1.2.1)', async (to, from, accepted) => {
    const [session, peer] = await online();
    const reply = session.request('get', to, xml('ping', { xmlns: NS_PING }));
    reply.catch(() => undefined);
    const state = watch(reply);
    const { id } = await peer.stanza('iq');
    peer.write(`<iq type='result' id='${id}'${from ? ` from='${from}'` : ''}/>`);
    await caughtUp(peer);
    expect(state.settled).toBe(accepted);
  });

  test('of type error rejects with StanzaError', async () => {
    const [session, peer] = await online();
    const reply = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    const { id } = await peer.stanza('iq');
    peer.write(
      `<iq type='error' id='${id}' from='${JULIET}'><error type='wait'>` +
        "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
    await expect(reply).rejects.toEqual(new StanzaError('wait', 'resource-constraint'));
  });

  test('cannot be guessed: ids differ and have 128 bits (R7)', async () => {
    const [session, peer] = await online();
    const count = 1024;
    for (let i = 0; i < count; i += 1) {
      session.request('get', JULIET, xml('ping', { xmlns: NS_PING })).catch(() => undefined);
    }
    const ids: string[] = [];
    while (ids.length < count) ids.push((await peer.stanza('iq')).id);
    expect(new Set(ids).size).toBe(count);
    expect(bits(ids)).toBeGreaterThanOrEqual(128);
  });

  /** How much the ids vary: the logarithm of the characters seen at each place. */
  function bits(ids: string[]): number {
    const places = Array.from(ids[0] ?? '', (_, place) => new Set(ids.map((id) => id[place])));
    return places.reduce((sum, { size }) => sum + Math.log2(size), 0);
  }
});

describe('input', () => {
  const body = 'ü 密码 🦊 e\u0301';

  test('split between the bytes of a character arrives intact', async () => {
    const [session, peer] = await online();
    const bodies: (string | undefined)[] = [];
    session.onMessage((message) => bodies.push(message.getChild('body')?.getText()));
    await peer.trickle(`<message from='${JULIET}'><body>${body}</body></message>`);
    await caughtUp(peer);
    expect(bodies).toEqual([body]);
  });

  const hostile: [string, string | Uint8Array, Partial<Login>?][] = [
    ['an unknown entity', message('<body>&foo;</body>')],
    ['an unknown entity in an attribute', `<message from='${JULIET}' id='&foo;'/>`],
    ['a numeric entity out of range', message('<body>&#x110000;&#0;</body>')],
    ['a document type', `<!DOCTYPE x [<!ENTITY y 'z'>]>${message('<body>&y;</body>')}`],
    ['a malformed sender', "<message from='a@'><body>x</body></message>"],
    ['a request by a malformed sender', "<iq type='get' id='x' from='@/'><x xmlns='y'/></iq>"],
    ['a tag that does not match', message('<body></head>')],
    ['a tag closed too often', '</message>'],
    ['bytes that are not UTF-8', Buffer.from(message('<body>\xff\xfe\xc0\x80</body>'), 'latin1')],
    ['a null byte', message('<body>\0</body>')],
    ['text between stanzas', 'text'],
    ['a stanza of 5 MiB', message(`<body>${'x'.repeat(5 << 20)}</body>`)],
    ['a tag of 5 MiB', `<message from='${JULIET}' id='${'x'.repeat(5 << 20)}'/>`],
    ['elements 10,000 deep', message('<x>'.repeat(10_000) + '</x>'.repeat(10_000))],
    ['60,000 siblings', message('<x/>'.repeat(60_000))],
    [
      '60,000 attributes',
      `<message ${Array.from({ length: 60_000 }, (_, i) => `a${i}='' `).join('')}/>`,
    ],
    [
      'an iq without id, type and payload',
      `<iq/><iq type='get'/><iq id='x'/><iq type='set' id='x'/>`,
    ],
    ['an iq of unknown type', `<iq type='shout' id='x' from='${JULIET}'><x xmlns='y'/></iq>`],
    [
      'names of the prototype',
      "<iq type='__proto__' id='constructor'><__proto__ xmlns='toString'/></iq><iq type='result' id='__proto__'/>",
    ],
    ['an unbound prefix', message('<x:y/>')],
    ['an element that is no stanza', "<surprise xmlns='urn:example:surprise'/>"],
    ['features once more', `<stream:features>${BIND}${mechanisms('PLAIN')}</stream:features>`],
    ['a success once more', success('v=')],
    ['an unasked acknowledgement', "<a xmlns='urn:xmpp:sm:3' h='1'/>"],
    [
      'an acknowledgement of what was never sent',
      "<a xmlns='urn:xmpp:sm:3' h='4000000000'/>",
      { streamManagement: true },
    ],
    [
      'an acknowledgement of nonsense',
      "<a xmlns='urn:xmpp:sm:3' h='-1'/><a xmlns='urn:xmpp:sm:3'/>",
      { streamManagement: true },
    ],
    ['a stream error', streamError('conflict')],
    ['an empty stream error', '<stream:error/>'],
  ];

  test.each(hostile)('%s ends the session or is ignored (R9)', async (_, raw, settings = {}) => {
    const [session, peer] = await online({}, settings);
    const [other, otherPeer] = await online();
    const lost = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    const state = watch(lost);
    peer.write(raw);
    const became = await whatBecomesOf(session, peer);
    expect(state.settled).toBe(became === 'ended');
    expect(await whatBecomesOf(other, otherPeer)).toBe('online');
  });

  test.each(hostile.filter(([name]) => /MiB|10,000|60,000 siblings/.test(name)))(
    'nothing of %s reaches a listener',
    async (_, raw) => {
      const [session, peer] = await online();
      const seen: Element[] = [];
      session.onMessage((stanza) => seen.push(stanza));
      peer.write(raw);
      await whatBecomesOf(session, peer);
      expect(seen.flatMap(({ children }) => children)).toEqual([]);
    },
  );

  test('a listener that throws does not keep the message from the others', async () => {
    const [session, peer] = await online();
    const seen: Element[] = [];
    session.onMessage(() => {
      throw new Error('oops');
    });
    session.onMessage((stanza) => seen.push(stanza));
    peer.write(message('<body/>'));
    await caughtUp(peer);
    expect(seen).toHaveLength(1);
  });
});

describe('a request', () => {
  const ask = (from: string, id: string, payload: string) =>
    `<iq type='get' id='${id}' from='${from}' to='${JID}'>${payload}</iq>`;
  const large = `<x xmlns='${NS_TEST}'>${'echo'.repeat(25_000)}</x>`;

  test('that nobody handles gets service-unavailable and no echo', async () => {
    const [, peer] = await online();
    peer.write(ask(JULIET, 'q1', large));
    const { text, id } = await peer.stanza('iq');
    expect([id, attribute(text, 'to'), attribute(text, 'type')]).toEqual(['q1', JULIET, 'error']);
    expect(text).toContain('<service-unavailable');
    expect(text).not.toContain('echo');
    expect(text.length).toBeLessThan(500);
  });

  test('whose handler throws gets internal-server-error, no echo and no detail', async () => {
    const [session, peer] = await online();
    session.handle('get', NS_TEST, 'x', () => {
      throw new Error('secret detail');
    });
    peer.write(ask(JULIET, 'q1', large));
    const { text, id } = await peer.stanza('iq');
    expect([id, attribute(text, 'to'), attribute(text, 'type')]).toEqual(['q1', JULIET, 'error']);
    expect(text).toContain('<internal-server-error');
    expect(text).not.toMatch(/echo|secret/);
    expect(text.length).toBeLessThan(500);
  });

  test('of one who is not admitted gets the very answer of a request that nobody handles', async () => {
    const admit = (from: string) => from === JULIET;
    const [session, peer] = await online({ admit });
    const asked: string[] = [];
    session.handle('get', NS_TEST, 'x', (_, { from }) => {
      asked.push(from);
      return undefined;
    });
    peer.write(ask(JULIET, 'q1', "<x xmlns='urn:example:nobody'/>"));
    const unhandled = (await peer.stanza('iq')).text;
    peer.write(ask(TYBALT, 'q1', `<x xmlns='${NS_TEST}'/>`));
    const refused = (await peer.stanza('iq')).text;
    expect(refused).toBe(unhandled.replace(JULIET, TYBALT));
    expect(asked).toEqual([]);

    peer.write(ask(JULIET, 'q2', `<x xmlns='${NS_TEST}'/>`));
    await peer.expect(/<iq[^>]*id="q2"/);
    expect(asked).toEqual([JULIET]);
  });

  test.each([
    ['an unasked result', `<iq type='result' id='x' from='${JULIET}'><x xmlns='${NS_TEST}'/></iq>`],
    ['an unasked error', `<iq type='error' id='x' from='${JULIET}'><x xmlns='${NS_TEST}'/></iq>`],
    ['a message', `<message from='${JULIET}' id='x'><x xmlns='${NS_TEST}'/></message>`],
    ['a presence', `<presence from='${JULIET}' id='x'><x xmlns='${NS_TEST}'/></presence>`],
  ])('is not %s: it is not answered', async (_, stanza) => {
    const [session, peer] = await online();
    let runs = 0;
    const count = () => {
      runs += 1;
      return undefined;
    };
    session.handle('get', NS_TEST, 'x', count);
    session.handle('set', NS_TEST, 'x', count);
    peer.write(stanza);
    await caughtUp(peer);
    expect(peer.received.tls).not.toMatch(/id="x"/);
    expect(runs).toBe(0);
  });
});

describe('what is too large', () => {
  const HUGE = `<x xmlns='${NS_TEST}'>${'<y/>'.repeat(20_000)}</x>`;
  const stanza = (attrs: string) => `<iq id='q' from='${JULIET}' to='${JID}' ${attrs}>${HUGE}</iq>`;

  test.each(['result', 'error'])(
    'as an answer of type %s fails its request at once (R62)',
    async (type) => {
      const [session, peer] = await online();
      const timeout = Number.POSITIVE_INFINITY;
      const reply = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }), { timeout });
      const { id } = await peer.stanza('iq');
      peer.write(stanza(`type='${type}'`).replace("id='q'", `id='${id}'`));
      await expect(reply).rejects.toEqual(
        new StanzaError('cancel', 'policy-violation', 'the answer is too large to be read'),
      );
      await caughtUp(peer);
    },
  );

  test('as a request gets the answer of one that nobody handles (R62)', async () => {
    const [session, peer] = await online();
    session.handle('set', NS_TEST, 'x', () => undefined);
    peer.write(stanza("type='set'"));
    const { text, id } = await peer.stanza('iq');
    expect([id, attribute(text, 'to'), attribute(text, 'type')]).toEqual(['q', JULIET, 'error']);
    expect(text).toContain('<service-unavailable');
  });

  test('is counted as any other stanza (R62)', async () => {
    const [, peer] = await online({}, { streamManagement: true });
    peer.write(`<message from='${JULIET}'>${HUGE}</message>${stanza("type='result'")}`);
    peer.write(`<presence from='${JULIET}' x='${'x'.repeat(5 << 20)}'/>`);
    peer.write("<r xmlns='urn:xmpp:sm:3'/>");
    expect((await peer.expect(/<a [^>]*h="(\d+)"/))[1]).toBe('3');
  });

  // As Prosody and ejabberd deliver 11 kB with a namespace of 5,000 letters that was declared once.
  test('because its namespaces are repeated does not end the session (R62)', async () => {
    const [session, peer] = await online();
    const seen: Element[] = [];
    session.onMessage((stanza) => seen.push(stanza));
    const child = `<x xmlns='${'n'.repeat(5_000)}'/>`;
    peer.write(message(child.repeat(1_000)));
    await caughtUp(peer);
    expect(seen.map(({ attrs, children }) => [attrs.from, children])).toEqual([[JULIET, []]]);
  });

  test('is not sent: a request fails, and the session goes on (R61)', async () => {
    const [session, peer] = await online();
    const ask = (length: number) =>
      session.request('get', JULIET, xml('x', { xmlns: NS_TEST, a: 'x'.repeat(length) }));
    await expect(ask(256 * 1024)).rejects.toThrow(UnsendableStanza);
    const message = xml('message', { to: JULIET }, xml('body', {}, 'x'.repeat(256 * 1024)));
    await expect(session.send(message)).rejects.toThrow(UnsendableStanza);
    expect(await whatBecomesOf(session, peer)).toBe('online');
    expect(peer.received.tls).not.toContain('xxx');
  });

  test('by what the server says of itself is not sent (R61)', async () => {
    const [session, peer] = await online({}, { maxStanzaBytes: 10_000 });
    const send = (length: number) => session.send(xml('message', { id: 'x'.repeat(length) }));
    await expect(send(9_999)).rejects.toThrow('the server takes 10000');
    await send(9_000);
    expect(await whatBecomesOf(session, peer)).toBe('online');
  });

  test('is not counted as sent (R61)', async () => {
    const [session, peer] = await online({}, { streamManagement: true });
    const huge = xml('message', { id: 'x'.repeat(256 * 1024) });
    await expect(session.send(huge)).rejects.toThrow(UnsendableStanza);
    await session.send(xml('message', { id: 'small' }));
    const synced = session.sync();
    await peer.expect(/<r /);
    peer.write("<a xmlns='urn:xmpp:sm:3' h='1'/>");
    await synced;
  });
});

describe('an answer', () => {
  const ask = (id: string, name = 'x') =>
    `<iq type='get' id="${id}" from='${JULIET}' to='${JID}'><${name} xmlns='${NS_TEST}'/></iq>`;

  test.each([
    ["'", "'"],
    ['>', '>'],
    ['&quot;', '"'],
    ['x', 'x'],
  ])(
    'to a request whose id is 1,000 times %s has that id, and is hardly longer (R61)',
    async (written, character) => {
      const [, peer] = await online();
      peer.write(ask(written.repeat(1_000)));
      const { text } = await peer.stanza('iq');
      expect(text.length).toBeLessThan(1_300);
      expect(text).toContain(character.repeat(1_000));
    },
  );

  test('that is too large for the server is none, and the session goes on (R61)', async () => {
    const errors: Error[] = [];
    const [session, peer] = await online({ onError: (error) => errors.push(error) });
    peer.write(ask('q'.repeat(256 * 1024)) + ask('&amp;'.repeat(60_000)));
    expect(await whatBecomesOf(session, peer)).toBe('online');
    expect(peer.received.tls).not.toMatch(/qqq|amp;/);
    expect(errors).toEqual([]);
  });

  test.each([
    ['is too large', () => xml('x', { xmlns: NS_TEST }, 'y'.repeat(256 * 1024))],
    ['cannot be written', () => xml('q:x', {})],
  ])(
    'that %s becomes an internal-server-error, and is no error of ours (R61)',
    async (_what, answer) => {
      const told: unknown[] = [];
      const [session, peer] = await online({
        onError: (error) => told.push(error),
        onUnsendable: (...what) => told.push(what),
      });
      session.handle('get', NS_TEST, 'x', answer);
      peer.write(ask('q1'));
      const { text, id } = await peer.stanza('iq');
      expect([id, attribute(text, 'to'), attribute(text, 'type')]).toEqual(['q1', JULIET, 'error']);
      expect(text).toContain('<internal-server-error');
      expect(told).toEqual([[JULIET, expect.any(UnsendableStanza)]]);
    },
  );

  test('has nothing that XML forbids, whatever the request had (R61)', async () => {
    const [session, peer] = await online();
    session.handle('get', NS_TEST, 'x', ({ attrs: { a } }) => xml('x', { xmlns: NS_TEST, a }, a));
    peer.write(ask('q1').replace('<x ', "<x a='\u0001\uffff]]>' "));
    const { text } = await peer.stanza('iq');
    expect(text).toContain('\ufffd\ufffd]]&gt;</x>');
    expect(await whatBecomesOf(session, peer)).toBe('online');
  });
});

describe('stream management', () => {
  test('counts every stanza, results too', async () => {
    const [session, peer] = await online({}, { streamManagement: true });
    const reply = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    const { id } = await peer.stanza('iq');
    peer.write("<r xmlns='urn:xmpp:sm:3'/>");
    expect((await peer.expect(/<a [^>]*h="(\d+)"/))[1]).toBe('0');

    peer.write(`<message from='${JULIET}'><body>one</body></message>`);
    peer.write(`<presence from='${JULIET}'/>`);
    peer.write(`<iq type='result' id='${id}' from='${TYBALT}'/>`);
    peer.write(`<iq type='result' id='${id}' from='${JULIET}'/>`);
    peer.write(`<iq type='get' id='x' from='${JULIET}'><x xmlns='${NS_TEST}'/></iq>`);
    peer.write("<r xmlns='urn:xmpp:sm:3'/>");
    expect((await peer.expect(/<a [^>]*h="(\d+)"/))[1]).toBe('5');
    await reply;
  });

  test('counts what came in one piece with <enabled/>', async () => {
    const behindEnabled = `<message from='${JULIET}'/>`;
    const [, peer] = await online({}, { streamManagement: true, behindEnabled });
    peer.write("<r xmlns='urn:xmpp:sm:3'/>");
    expect((await peer.expect(/<a [^>]*h="(\d+)"/))[1]).toBe('1');
  });
});
