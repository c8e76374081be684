import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import { openWebSocket } from '../../../src/session/dial/web-socket.js';
import { XmppStream } from '../../../src/session/stream/xmpp-stream.js';
import { TcpWire } from '../../../src/session/wires/tcp-wire.js';
import { WebSocketWire } from '../../../src/session/wires/web-socket-wire.js';
import { createCertificateAuthority } from '../../support/servers/certificates.js';
import type { Identity } from '../../support/servers/scripted-server.js';
import { type FarEnd, SOON_MS, timeUntil, type WireKind, wireSuite } from './wire-suite.js';

let identity: Identity;
const sockets = new Set<tls.TLSSocket>();

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'inband-wires-'));
  const { certPath, keyPath } = await (await createCertificateAuthority(directory)).issue('x');
  identity = { cert: await readFile(certPath, 'utf8'), key: await readFile(keyPath, 'utf8') };
  await rm(directory, { recursive: true });
});

afterAll(() => {
  for (const socket of sockets) socket.destroy();
});

/** A TLS connection to a server on loopback, whose end of it comes by its event. */
async function secured(server: tls.Server): Promise<tls.TLSSocket> {
  server.listen(0, '127.0.0.1');
  server.unref();
  await once(server, 'listening');
  server.on('secureConnection', (socket: tls.TLSSocket) => {
    socket.on('error', () => undefined);
    sockets.add(socket);
  });
  const { port } = server.address() as AddressInfo;
  const socket = tls.connect({ socket: connectTcp(port, '127.0.0.1'), rejectUnauthorized: false });
  sockets.add(socket);
  await once(socket, 'secureConnect');
  return socket;
}

/** Notes what comes. */
function noting(): { note(text: string): void } & Pick<FarEnd, 'received' | 'until'> {
  let all = '';
  const news = new EventEmitter();
  return {
    note: (text) => {
      all += text;
      news.emit('news');
    },
    received: () => all,
    until: async (text) => {
      while (!all.includes(text)) await once(news, 'news');
    },
  };
}

const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';

const tcp: WireKind = {
  opening: '<stream:stream ',
  ending: '</stream:stream>',
  name: (name) => `<${name}`,
  connect: async () => {
    const server = tls.createServer(identity);
    const accepted = once(server, 'secureConnection') as Promise<[tls.TLSSocket]>;
    const wire = new TcpWire(await secured(server));
    const [socket] = await accepted;
    const { note, ...notes } = noting();
    socket.setEncoding('utf8').on('data', note);
    const far: FarEnd = {
      ...notes,
      open: () =>
        void socket.write(
          "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
        ),
      send: (element) => void socket.write(element),
      keepAlive: () => void socket.write(' '),
      end: () => void socket.write('</stream:stream>'),
      cut: () => void socket.destroy(),
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
    };
    return { wire, far };
  },
};

/** A wire, the server's end of it, and the connection under that. */
async function webSocketWire() {
  const server = createServer(identity);
  const webSockets = new WebSocketServer({ server });
  const accepted = once(webSockets, 'connection') as Promise<[WebSocket, IncomingMessage]>;
  const socket = await secured(server);
  const url = new URL('wss://localhost/');
  await openWebSocket(socket, url, new AbortController().signal);
  const [far, request] = await accepted;
  return { wire: new WebSocketWire(socket), far, connection: request.socket };
}

const webSocket: WireKind = {
  opening: '<open ',
  ending: '<close ',
  name: (name) => `<${name} xmlns="jabber:client"`,
  connect: async () => {
    const { wire, far } = await webSocketWire();
    const { note, ...notes } = noting();
    far.on('message', (data) => note(String(data))).on('error', () => undefined);
    return {
      wire,
      far: {
        ...notes,
        open: () => far.send(`<open xmlns='${NS_FRAMING}'/>`),
        send: (element) => far.send(element),
        keepAlive: () => far.ping(),
        end: () => far.send(`<close xmlns='${NS_FRAMING}'/>`),
        cut: () => far.terminate(),
        pause: () => far.pause(),
        resume: () => far.resume(),
      },
    };
  },
};

describe('a wire by TCP (R1119, R1263, R1296, R1297)', () => wireSuite(tcp));
describe('a wire by WebSocket (R1119, R1263, R1296, R1297)', () => wireSuite(webSocket));

/** The wire of a server that speaks no more than it is told to, and the server's end of the connection. */
async function bareWire() {
  const server = createServer(identity);
  const upgraded = once(server, 'upgrade') as Promise<[IncomingMessage, tls.TLSSocket, Buffer]>;
  const opening = secured(server).then(async (socket) => {
    await openWebSocket(socket, new URL('wss://localhost/'), new AbortController().signal);
    return new WebSocketWire(socket);
  });
  const [{ headers }, far] = await upgraded;
  far.on('error', () => undefined);
  const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const head = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: upgrade',
    'Upgrade: WebSocket',
    `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}`,
    'Sec-WebSocket-Protocol: xmpp',
  ].join('\r\n');
  const opened = `<open xmlns='${NS_FRAMING}'/>`;
  // With the first frame right behind it.
  far.write(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), textFrame(opened)]));
  return { wire: await opening, far };
}

const textFrame = (text: string) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(0x81, bytes.length), bytes]);
};

const ADDRESSES = { to: 'montague.example', from: 'romeo@montague.example' };
const NOBODY = { element: () => undefined, itemReader: () => undefined, end: () => undefined };

test.each([
  ['reads nothing', '', 0],
  ['has read nothing for long', 'x'.repeat(200_000), 100],
  ['has read none of very many stanzas', '文'.repeat(4_000), 7_800],
])(
  'a WebSocket that is closed ends soon, though the server keeps the connection and %s (R1192, R1296)',
  async (_what, body, count) => {
    const { wire, far } = await bareWire();
    const stream = new XmppStream(wire);
    stream.open(ADDRESSES.to, ADDRESSES.from);
    far.pause();
    const outcomes = Array.from({ length: count }, () =>
      stream.write(`<message>${body}</message>`).catch(() => undefined),
    );
    // RFC 6455 §5.5.1: status 1000.
    const close = () => far.write(Buffer.of(0x88, 2, 0x03, 0xe8));
    expect(await timeUntil(stream.closed, close)).toBeLessThanOrEqual(SOON_MS);
    expect(await stream.closed).toBeUndefined();
    await Promise.all(outcomes);
  },
);

test('a WebSocket ends at once where the server closes it, and answers that first (R1218)', async () => {
  const { wire, far } = await bareWire();
  const chunks: Buffer[] = [];
  far.on('data', (chunk) => chunks.push(chunk));
  wire.open(ADDRESSES, NOBODY);
  far.write(Buffer.of(0x88, 2, 0x03, 0xe9));
  expect(await wire.closed).toBeUndefined();
  const [key, status] = [
    Buffer.concat(chunks).subarray(-6, -2),
    Buffer.concat(chunks).subarray(-2),
  ];
  expect(Buffer.concat(chunks).subarray(-8, -6)).toEqual(Buffer.of(0x88, 0x82));
  expect(status.map((byte, index) => byte ^ (key[index] as number))).toEqual(Buffer.of(3, 0xe9));
});

test('no stream takes the place of another one in the midst of a message (R1222)', async () => {
  const { wire, far } = await bareWire();
  const stream = new XmppStream(wire);
  stream.open(ADDRESSES.to, ADDRESSES.from);
  const read = new Promise((resolve) => stream.consume(resolve));
  const presence = textFrame('<presence/>');
  far.write(Buffer.concat([presence, presence.subarray(0, 5)]));
  await read;
  expect(() => stream.open(ADDRESSES.to, ADDRESSES.from)).toThrow(
    'the server sent more than it was asked before the login was done',
  );
  stream.fail(new Error('done'));
});

/** Bytes of the frame of a client (RFC 6455 §5.2) that begins there. */
function frameBytes(bytes: Buffer): number {
  const short = (bytes[1] ?? 0) & 0x7f;
  if (short < 126) return 6 + short;
  return short === 126 ? 8 + bytes.readUInt16BE(2) : 14 + Number(bytes.readBigUInt64BE(2));
}

/** The frames of a client, in order. */
function framesOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += found.at(-1)?.length ?? 0)
    found.push(bytes.subarray(at, at + frameBytes(bytes.subarray(at))));
  return found;
}

/** What the frames of a client are, in order, by their opcodes (RFC 6455 §5.2). */
const opcodes = (bytes: Buffer): number[] => framesOf(bytes).map(([first = 0]) => first & 0x0f);

test.each(['has ended the stream', 'has ended it, as we have in the same moment'])(
  'a WebSocket writes no message behind the frame that closes it, where the server %s (R1264)',
  async (how) => {
    const { wire, far } = await bareWire();
    const chunks: Buffer[] = [];
    far.on('data', (chunk) => chunks.push(chunk));
    const ended = new Promise<void>((resolve) => {
      wire.open(ADDRESSES, {
        ...NOBODY,
        end: () => {
          resolve();
          // Before it is written that the stream is over.
          wire.write('<message/>').catch(() => undefined);
        },
      });
    });
    if (how.includes('same moment')) wire.onRead(() => wire.end());
    far.write(textFrame(`<close xmlns='${NS_FRAMING}'/>`));
    await ended;
    const outcomes = await Promise.allSettled([wire.write('<message/>'), wire.write('<iq/>')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    // RFC 6455 §5.5.1, which ends the connection.
    far.write(Buffer.of(0x88, 2, 0x03, 0xe8));
    expect(await wire.closed).toBeUndefined();
    const found = opcodes(Buffer.concat(chunks));
    expect(found.at(-1)).toBe(8);
    expect(found.filter((opcode) => opcode === 8)).toHaveLength(1);
  },
);

test('pings are answered behind the frame that closes a WebSocket (R1299)', async () => {
  const { wire, far } = await bareWire();
  const chunks: Buffer[] = [];
  far.on('data', (chunk) => chunks.push(chunk));
  /** Waits for a frame that begins with these bytes. */
  const until = async (...head: number[]) => {
    const isIt = (frame: Buffer) => head.every((byte, index) => frame[index] === byte);
    for (;;) {
      const found = framesOf(Buffer.concat(chunks)).find(isIt);
      if (found) return found;
      await once(far, 'data');
    }
  };
  wire.open(ADDRESSES, NOBODY);
  far.write(textFrame(`<close xmlns='${NS_FRAMING}'/>`));
  await until(0x88);
  const payload = Buffer.from('there?');
  far.write(Buffer.concat([Buffer.of(0x89, payload.length), payload]));
  const answer = await until(0x8a, 0x80 | payload.length);
  const key = answer.subarray(2, 6);
  expect(answer.subarray(6).map((byte, index) => byte ^ (key[index & 3] as number))).toEqual(
    payload,
  );
  far.write(Buffer.of(0x88, 0));
  expect(await wire.closed).toBeUndefined();
});

test('no TLS record ends within a message that fits into one (R1121)', async () => {
  const { wire, far, connection } = await webSocketWire();
  const records: Buffer[] = [];
  // Node hands over a record at a time.
  connection.on('data', (record: Buffer) => records.push(record));
  const sizes = Array.from({ length: 200 }, (_, index) => (index * 379) % 16_000);
  const heard = new Promise<void>((resolve) => {
    far.on('message', (data) => String(data).includes('id="199"') && resolve());
  });
  await Promise.all(
    sizes.map((size, index) => wire.write(`<message id="${index}">${'x'.repeat(size)}</message>`)),
  );
  await heard;
  expect(records.length).toBeLessThan(150);
  for (const record of records) {
    let at = 0;
    while (at < record.length) at += frameBytes(record.subarray(at));
    expect(at).toBe(record.length);
  }
  wire.destroy();
});
