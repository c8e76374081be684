import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import type { ConnectOptions } from '../../../src/session/given/connect-options.js';
import type { Session } from '../../../src/session/session.js';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';
import { UnsendableStanza } from '../../../src/session/stream/serialize.js';
import { xml } from '../../../src/session/xml.js';
import { type Login, mechanisms, scriptedServer } from '../../support/servers/scripted-server.js';
import {
  ACCOUNT,
  DOMAIN,
  hintsOf,
  honest,
  JID,
  JULIET,
  NS_PING,
  PASSWORD,
  prepareHostileServers,
  readIdentity,
  refusal,
  servers,
  streamError,
  trusted,
} from './hostile-server.js';
import {
  loginByWebSocket,
  type ScriptedWebSocketServer,
  type WebSocketPeer,
  webSocketServer,
} from './web-socket-server.js';

prepareHostileServers();

const open: (ScriptedWebSocketServer | Session)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await ('stop' in one ? one.stop() : one.close());
});

type Script = (peer: WebSocketPeer) => Promise<unknown>;
type Upgrade = (request: IncomingMessage, connection: Duplex) => void;

interface Meeting extends Partial<ConnectOptions> {
  identity?: Login['identity'];
  upgrade?: Upgrade;
  host?: string;
}

/** Starts a server with the script, and a login to it. */
async function meet(
  script: Script,
  { identity = honest.identity, upgrade, host = '127.0.0.1', ...rest }: Meeting = {},
) {
  const server = await webSocketServer(script, { identity, ...(upgrade ? { upgrade } : {}) });
  open.push(server);
  const outcome = connect({
    ...{ account: ACCOUNT, password: PASSWORD, ca: trusted.pem, timeout: 30_000 },
    service: `wss://${host}:${server.port}/xmpp?a=b`,
    ...rest,
  });
  outcome.then(
    (session) => open.unshift(session),
    () => undefined,
  );
  return { server, outcome };
}

/** A session that is online, and the server's end of it. */
async function online(
  settings: Partial<Login> = {},
  options: Meeting = {},
): Promise<[Session, WebSocketPeer]> {
  let ready: (peer: WebSocketPeer) => void;
  const peer = new Promise<WebSocketPeer>((resolve) => {
    ready = resolve;
  });
  const { outcome } = await meet(async (peer) => {
    await loginByWebSocket(peer, { ...honest, ...settings });
    ready(peer);
  }, options);
  return Promise.all([outcome, peer]);
}

const ended = (session: Session): Promise<Error> =>
  new Promise((resolve) => {
    const told = () => resolve(session.ended.reason);
    if (session.ended.aborted) told();
    else session.ended.addEventListener('abort', told);
  });

const never = () => new Promise(() => undefined);

/** Answers the request for a WebSocket as RFC 6455 §4.2.2 wants it, with other lines in place of some. */
const accepting =
  (lines: (accept: string) => string[]): Upgrade =>
  ({ headers }, connection) => {
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const all = lines(createHash('sha1').update(key).digest('base64'));
    connection.write(
      `${['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', ...all].join('\r\n')}\r\n\r\n`,
    );
  };

const answering =
  (...lines: string[]): Upgrade =>
  (_request, connection) =>
    void connection.write(`${lines.join('\r\n')}\r\n\r\n`);

describe('a WebSocket', () => {
  test('is asked for by its path, with XMPP in it and nothing compressed (R1110)', async () => {
    const { server, outcome } = await meet((peer) => loginByWebSocket(peer, honest));
    expect((await outcome).jid).toBe(JID);
    const [{ url, headers } = {}] = server.requests;
    expect(url).toBe('/xmpp?a=b');
    expect(headers).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      'sec-websocket-protocol': 'xmpp',
    });
    expect(headers).not.toHaveProperty('sec-websocket-extensions');
    expect(headers).not.toHaveProperty('origin');
  });

  test('has a new <open/> behind the login, and each stanza its namespace (R1112)', async () => {
    const [session, peer] = await online();
    await session.send(xml('message', { to: JULIET }, xml('body', {}, 'ü')));
    await session.send(xml('presence', {}));
    await peer.expect(/<presence/);
    const opening = `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" version="1.0" to="${DOMAIN}" from="${ACCOUNT}"/>`;
    expect(peer.received.filter((message) => message.startsWith('<open'))).toEqual([
      opening,
      opening,
    ]);
    expect(peer.received.slice(-2)).toEqual([
      `<message xmlns="jabber:client" to="${JULIET}"><body>ü</body></message>`,
      '<presence xmlns="jabber:client"/>',
    ]);
  });

  test('has no message but elements, however long nothing is said (R1112)', async () => {
    const [session, peer] = await online();
    peer.write(`<iq xmlns='jabber:client' type='get' id='1' from='${JULIET}'><x xmlns='x'/></iq>`);
    await peer.stanza('iq');
    await peer.ping();
    await session.close();
    expect(peer.received.at(-1)).toBe('<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>');
    expect(peer.received.filter((message) => !/^<.*>$/s.test(message))).toEqual([]);
  });

  test.each([
    ['without -PLUS the server is told of no binding', ['SCRAM-SHA-256']],
    [
      'with -PLUS it is told the same, and -PLUS not spoken',
      ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'],
    ],
  ])('%s (R1113)', async (_what, offered) => {
    const [, peer] = await online({ offered, announced: ['tls-exporter', 'tls-server-end-point'] });
    const auth = peer.received.find((message) => message.startsWith('<auth'));
    expect(auth).toContain('mechanism="SCRAM-SHA-256"');
    const [, said = ''] = /<auth[^>]*>([^<]*)</.exec(auth ?? '') ?? [];
    expect(Buffer.from(said, 'base64').toString()).toMatch(/^n,,/);
  });

  test('of a server that offers -PLUS alone is not logged in by (R1113)', async () => {
    const { outcome } = await meet((peer) => peer.header(mechanisms('SCRAM-SHA-256-PLUS')));
    await expect(outcome).rejects.toThrow('offers no login that keeps the password secret');
  });
});

describe('the certificate of a WebSocket (R1111)', () => {
  test.each([
    ['the domain of the account', DOMAIN],
    ['the address in the service', '127.0.0.1'],
  ])('may name %s', async (_what, name) => {
    const identity = await readIdentity(trusted.issue(name));
    const { outcome } = await meet((peer) => loginByWebSocket(peer, honest), { identity });
    expect((await outcome).jid).toBe(JID);
  });

  test('must name one of them', async () => {
    const identity = await readIdentity(trusted.issue('capulet.example'));
    const { server, outcome } = await meet(never, { identity });
    await expect(outcome).rejects.toEqual(refusal(/^ServerNotTrusted$/));
    await expect(outcome).rejects.toThrow(
      `the server's certificate is not trusted for 127.0.0.1 or ${DOMAIN}: `,
    );
    expect(server.requests).toEqual([]);
  });

  test.each([
    ['localhost', 'romeo@localhost', 'localhost'],
    ['LOCALHOST', 'romeo@localhost', 'localhost'],
    ['127.0.0.1', 'romeo@127.0.0.1', '127.0.0.1'],
  ])('is told of one name for the service %s of %s (R1194)', async (host, account, name) => {
    const identity = await readIdentity(trusted.issue('capulet.example'));
    const { outcome } = await meet(never, { identity, host, account });
    await expect(outcome).rejects.toThrow(`the server's certificate is not trusted for ${name}: `);
  });

  test('must be of a CA that is trusted', async () => {
    const { outcome } = await meet(never, { ca: undefined });
    await expect(outcome).rejects.toEqual(refusal(/^ServerNotTrusted$/));
  });
});

describe('a server that gives no WebSocket (R1110)', () => {
  const accepted = ['Upgrade: websocket', 'Sec-WebSocket-Protocol: xmpp'];
  const all: [string, Upgrade, string][] = [
    ['has none there', answering('HTTP/1.1 404 Not Found'), 'there is no WebSocket: HTTP 404'],
    [
      'wants a login of its own',
      answering('HTTP/1.1 401 Unauthorized'),
      'there is no WebSocket: HTTP 401',
    ],
    [
      'has it elsewhere',
      answering('HTTP/1.1 302 Found', 'Location: wss://127.0.0.1:1/'),
      'the server names another place, which is not asked: HTTP 302',
    ],
    [
      'speaks something else in it',
      accepting((accept) => ['Upgrade: websocket', `Sec-WebSocket-Accept: ${accept}`]),
      'the server has no XMPP in its WebSocket',
    ],
    [
      'speaks two things in it',
      accepting((accept) => [
        ...[...accepted, `Sec-WebSocket-Accept: ${accept}`],
        'Sec-WebSocket-Protocol: xmpp',
      ]),
      'the server has no XMPP in its WebSocket',
    ],
    [
      'upgrades nothing',
      answering('HTTP/1.1 101 Switching Protocols', ...accepted),
      'there is no WebSocket: HTTP 101',
    ],
    [
      'opens something else',
      accepting((accept) => [
        ...['Upgrade: h2c', 'Sec-WebSocket-Protocol: xmpp'],
        `Sec-WebSocket-Accept: ${accept}`,
      ]),
      'the server opens something else than a WebSocket',
    ],
    [
      'answers another request',
      accepting(() => [...accepted, 'Sec-WebSocket-Accept: AAAA']),
      'the server accepts another WebSocket than was asked for',
    ],
    [
      'compresses unasked',
      accepting((accept) => [
        ...[...accepted, `Sec-WebSocket-Accept: ${accept}`],
        'Sec-WebSocket-Extensions: permessage-deflate',
      ]),
      'the server extends the WebSocket by what was not asked for',
    ],
    ['hangs up', (_request, connection) => void connection.destroy(), 'it closed the connection'],
    [
      'says more than a header has',
      answering('HTTP/1.1 101 Switching Protocols', `X: ${'x'.repeat(20_000)}`),
      'what it answers is no HTTP',
    ],
  ];

  test.each(all)('%s', async (_what, upgrade, why) => {
    const { server, outcome } = await meet(never, { upgrade });
    await expect(outcome).rejects.toBeInstanceOf(ConnectionFailed);
    await expect(outcome).rejects.toThrow(
      new RegExp(`cannot connect to 127.0.0.1 port ${server.port} \\(.*${why}`),
    );
    expect(server.requests).toHaveLength(1);
  });

  test('says nothing: is given up after the time for a login', async () => {
    const { server, outcome } = await meet(never, { upgrade: () => undefined, timeout: 500 });
    const why = `127.0.0.1 port ${server.port} does not answer`;
    await expect(outcome).rejects.toThrow(`not online after 0.5 s: ${why}`);
  });

  test('speaks no TLS: is said to', async () => {
    const clear = await scriptedServer(async (peer) => peer.write('HTTP/1.1 400 Bad\r\n\r\n'));
    servers.push(clear);
    const service = `wss://127.0.0.1:${clear.port}/`;
    const { outcome } = await meet(never, { service });
    await expect(outcome).rejects.toBeInstanceOf(ConnectionFailed);
    expect(await hintsOf(outcome)).toEqual(['that port speaks no HTTPS']);
  });
});

const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';
const PRESENCE = `<presence xmlns='jabber:client' from='${JULIET}'/>`;
const NOT_ONE = 'the server sent a WebSocket message that is not one whole element';
const streamErrorAlone = (condition: string) =>
  streamError(condition).replace('>', " xmlns:stream='http://etherx.jabber.org/streams'>");

const FRAMES: [what: string, bytes: number[], why: string][] = [
  ['UTF-8 that is none', [0x81, 1, 0xff], 'text that is no UTF-8'],
  ['half of a character', [0x81, 5, 0x3c, 0x61, 0x2f, 0x3e, 0xc3], 'text that is no UTF-8'],
  ['a masked frame', [0x81, 0x80, 1, 2, 3, 4], 'a masked frame'],
  ['a bit of an extension', [0xc1, 0], 'an extension that nobody asked for'],
  ['a frame of no kind', [0x83, 0], 'a frame of no known kind (3)'],
  ['a control frame of no kind', [0x8b, 0], 'a frame of no known kind (11)'],
  ['a ping in parts', [0x09, 0], 'a control frame in parts'],
  ['a ping that is long', [0x89, 126, 0, 126], 'a control frame of more than 125 bytes'],
  ['a length in too many bytes', [0x81, 126, 0, 125], 'a length in too many bytes'],
  [
    'a length in far too many',
    [0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
    'a length in too many bytes',
  ],
  [
    // The length is enough: nothing of it is waited for.
    'a message beyond all bounds',
    [0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0],
    'a length beyond all bounds',
  ],
  ['the rest of no message', [0x80, 0], 'the rest of no message'],
  ['a message in another', [0x01, 1, 0x3c, 0x81, 0], 'a message within another one'],
  ['a status that is none', [0x88, 2, 0x03, 0xed], 'no status to close by'],
  ['half of a status', [0x88, 1, 0x03], 'no status to close by'],
  ['a reason that is no text', [0x88, 3, 0x03, 0xe8, 0xff], 'text that is no UTF-8'],
];

describe('a server that breaks the framing ends the session, and nothing of it is heard (R1114)', () => {
  const faults: [string, (peer: WebSocketPeer) => void, string][] = [
    [
      'a binary message',
      (peer) => peer.write(Buffer.from(PRESENCE)),
      'the server sent a binary WebSocket message',
    ],
    ['two elements', (peer) => peer.write(PRESENCE + PRESENCE), NOT_ONE],
    ['a part of an element', (peer) => peer.write(PRESENCE.replace('/>', '>')), NOT_ONE],
    ['a part of a tag', (peer) => peer.write(PRESENCE.slice(0, -2)), NOT_ONE],
    ['no element', (peer) => peer.write(' '), NOT_ONE],
    ['nothing', (peer) => peer.write(''), NOT_ONE],
    ['text', (peer) => peer.write('presence'), NOT_ONE],
    ['space before an element', (peer) => peer.write(` ${PRESENCE}`), NOT_ONE],
    ['text behind an element', (peer) => peer.write(`${PRESENCE}x`), NOT_ONE],
    ['the end of what is around it', (peer) => peer.write(`${PRESENCE}</message>`), NOT_ONE],
    ['another document', (peer) => peer.write(`</message><message>${PRESENCE}`), NOT_ONE],
    ['an end alone', (peer) => peer.write('</presence>'), ''],
    ['an instruction alone', (peer) => peer.write("<?xml version='1.0'?>"), NOT_ONE],
    ['an instruction that goes on', (peer) => peer.write(`${PRESENCE}<?xml `), NOT_ONE],
    ['a document type', (peer) => peer.write(`<!DOCTYPE x>${PRESENCE}`), 'XML that XMPP forbids'],
    ['a comment', (peer) => peer.write(`<!-- x -->${PRESENCE}`), 'XML that XMPP forbids'],
    ['broken XML', (peer) => peer.write('<presence a=b/>'), 'the XML is not well-formed'],
    ['an entity', (peer) => peer.write('<presence>&x;</presence>'), 'unknown reference &'],
    [
      'a second <open/>',
      (peer) => peer.write(`<open xmlns='${NS_FRAMING}'/>`),
      'the server opened its stream twice',
    ],
    ...FRAMES.map(
      ([what, bytes, why]) =>
        [
          what,
          (peer: WebSocketPeer) => void peer.connection.write(Buffer.from(bytes)),
          `the server broke the rules of WebSocket: ${why}`,
        ] as [string, (peer: WebSocketPeer) => void, string],
    ),
  ];

  test.each(faults)('%s', async (_what, commit, why) => {
    const [session, peer] = await online({ streamManagement: true });
    const heard: unknown[] = [];
    session.onPresence((stanza) => heard.push(stanza));
    commit(peer);
    peer.write(PRESENCE);
    expect(await ended(session)).toMatchObject({
      name: 'ConnectionLost',
      message: expect.stringContaining(why),
    });
    expect(heard).toEqual([]);
  });

  test.each([
    ['no <open/>', (peer: WebSocketPeer) => peer.write(PRESENCE)],
    [
      'the header of TCP',
      (peer: WebSocketPeer) =>
        peer.write("<stream:stream xmlns:stream='http://etherx.jabber.org/streams'/>"),
    ],
  ])('before the login: %s', async (_what, commit) => {
    const { outcome } = await meet(async (peer) => {
      await peer.expect(/<open /);
      commit(peer);
    });
    await expect(outcome).rejects.toThrow(/the login was cut short \(<.*> opens no XMPP stream\)/);
  });

  test('a second element with the features ends the login before it begins', async () => {
    const { server, outcome } = await meet((peer) =>
      peer.header(mechanisms('SCRAM-SHA-256'), PRESENCE),
    );
    await expect(outcome).rejects.toEqual(refusal(/^ServerNotTrusted$/));
    expect(server.peers[0]?.received.join('')).not.toContain('<auth');
  });
});

async function answer(peer: WebSocketPeer): Promise<void> {
  const { id } = await peer.stanza('iq');
  peer.write(`<iq xmlns='jabber:client' type='result' id='${id}' from='${DOMAIN}'/>`);
}

describe('a stream on a WebSocket', () => {
  test('that the server closes is closed here, too (R1112)', async () => {
    const [session, peer] = await online();
    peer.end();
    expect((await ended(session)).message).toBe('the connection was lost (the server closed it)');
    await peer.ended;
    expect(peer.received.at(-1)).toBe(`<close xmlns="${NS_FRAMING}"/>`);
  });

  test.each([
    ['reads the answers', false],
    ['reads none of them for a while', true],
  ])('goes on behind any number of pings of a server that %s (R1193)', async (_what, isStalled) => {
    const [session, peer] = await online();
    if (isStalled) peer.stall();
    const ping = Buffer.concat([Buffer.of(0x89, 125), Buffer.alloc(125)]);
    const pings = Buffer.concat(Array.from({ length: 100_000 }, () => ping));
    await new Promise((resolve) => peer.connection.write(pings, resolve));
    peer.goOn();
    await peer.ping();
    await Promise.all([
      session.request('get', DOMAIN, xml('ping', { xmlns: NS_PING })),
      answer(peer),
    ]);
    expect(session.ended.aborted).toBe(false);
  });

  test('that ends with an error ends with that one, and nothing behind it is heard (R1114)', async () => {
    const [session, peer] = await online();
    const heard: unknown[] = [];
    session.onPresence((stanza) => heard.push(stanza));
    // In one piece.
    peer.connection.cork();
    peer.write(streamErrorAlone('policy-violation'));
    peer.write(PRESENCE);
    peer.connection.uncork();
    expect((await ended(session)).message).toContain(
      'the server ended the stream: policy-violation',
    );
    expect(heard).toEqual([]);
  });

  test('that is elsewhere is not followed (R1112)', async () => {
    const elsewhere = await webSocketServer(never, { identity: honest.identity });
    open.push(elsewhere);
    const uri = `wss://127.0.0.1:${elsewhere.port}/`;
    const { outcome } = await meet(async (peer) => {
      await peer.header();
      peer.end(` see-other-uri='${uri}'`);
    });
    await expect(outcome).rejects.toThrow(
      `see-other-host (it says to use ${uri}; if you trust that, give --service ${uri})`,
    );
    expect(elsewhere.requests).toEqual([]);
  });

  test('goes on behind a stanza that is too large, in one frame or in many, and counts it (R1115, R1215)', async () => {
    const [session, peer] = await online({ streamManagement: true });
    const heard: string[] = [];
    session.onMessage(({ attrs: { id = '' } }) => heard.push(id));
    const message = (id: string, text: string) =>
      `<message xmlns='jabber:client' id='${id}' from='${JULIET}'><body>${text}</body></message>`;
    peer.write(message('large', 'ü'.repeat(10_000_000)));
    const parts = message('parted', 'ü').match(/.{1,5}/gsu) ?? [];
    peer.writeInParts(...parts);
    peer.writeInParts(
      ...(message('large in parts', 'x'.repeat(20_000_000)).match(/.{1,999999}/gs) ?? []),
    );
    peer.write(message('last', ''));
    await Promise.all([
      session.request('get', DOMAIN, xml('ping', { xmlns: NS_PING })),
      answer(peer),
    ]);
    expect(heard).toEqual(['large', 'parted', 'large in parts', 'last']);
    peer.write("<r xmlns='urn:xmpp:sm:3'/>");
    await peer.expect(/<a [^>]*h="5"/);
  });

  test('takes a stanza as large as the server allows, and none that is larger by a byte (R1220)', async () => {
    const [session, peer] = await online();
    // ejabberd ends the stream at the last of its 256 KiB.
    const most = 256 * 1024 - 1;
    const around = `<message xmlns="jabber:client" to="${JULIET}"><body></body></message>`.length;
    const message = (bytes: number) =>
      xml('message', { to: JULIET }, xml('body', {}, 'x'.repeat(bytes - around)));
    await expect(session.send(message(most + 1))).rejects.toBeInstanceOf(UnsendableStanza);
    await session.send(message(most));
    await session.send(xml('presence', {}));
    await peer.expect(/<presence/);
    const sizes = peer.received
      .filter((text) => text.startsWith('<message'))
      .map((text) => Buffer.byteLength(text));
    expect(sizes).toEqual([most]);
  });
});
