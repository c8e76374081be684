import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  attribute,
  authenticate,
  bind,
  type Identity,
  type Login,
  type Speaker,
} from '../../support/servers/scripted-server.js';
import { acceptStanza, EndsStream, NOTHING } from '../../support/servers/strict-server.js';
import { PeerGone, Unread } from '../../support/unread.js';

const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';

/** The server's end of one WebSocket (RFC 7395): messages out, patterns in. Ends the stream where a real server would. */
export class WebSocketPeer implements Speaker {
  /** All messages that the client ever sent. */
  readonly received: string[] = [];
  /** Resolves when the connection is closed, by whichever side. */
  readonly ended: Promise<void>;
  /** What the client sent that no server takes. */
  wrong: EndsStream | undefined;
  readonly #webSocket: WebSocket;
  /** The connection under it. */
  readonly connection: Duplex;
  readonly #unread = new Unread();
  #isEnded = false;

  constructor(webSocket: WebSocket, connection: Duplex) {
    this.#webSocket = webSocket;
    this.connection = connection;
    webSocket.on('message', (data, isBinary) => this.#receive(String(data), isBinary));
    webSocket.on('error', () => {}); // 'close' follows, and tells all there is to know
    this.ended = new Promise((resolve) => {
      webSocket.once('close', () => {
        this.#unread.end();
        resolve();
      });
    });
  }

  /** Sends a message. */
  write(message: string | Uint8Array): void {
    this.#webSocket.send(message);
  }

  /** Sends a message in several frames. */
  writeInParts(...parts: string[]): void {
    for (const [index, part] of parts.entries()) {
      this.#webSocket.send(part, { fin: index === parts.length - 1 });
    }
  }

  /** Sends a ping (RFC 6455 §5.5.2); resolves when the client has answered. */
  async ping(): Promise<void> {
    this.#webSocket.ping();
    await once(this.#webSocket, 'pong');
  }

  /** Waits until what came since the last match has the pattern in it, and reads up to its end. */
  expect(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#unread.expect(pattern);
  }

  async stanza(name: 'iq' | 'message' | 'presence'): Promise<{ text: string; id: string }> {
    const [text] = await this.expect(
      new RegExp(`<${name}(?=[\\s/>])(?:[^>]*/>|[\\s\\S]*?</${name}>)`),
    );
    return { text, id: attribute(text, 'id') };
  }

  /** Reads the client's `<open/>` and answers it, then features if given. */
  async header(features?: string, beforeFeatures = ''): Promise<void> {
    const [open] = await this.expect(/<open [^>]*>/);
    const id = randomBytes(8).toString('hex');
    this.write(
      `<open xmlns='${NS_FRAMING}' version='1.0' id='${id}' from='${attribute(open, 'to')}'/>`,
    );
    if (beforeFeatures) this.write(beforeFeatures);
    if (features === undefined) return;
    this.write(
      `<stream:features xmlns:stream='http://etherx.jabber.org/streams'>${features}</stream:features>`,
    );
  }

  exporter(): Buffer {
    throw new Error('there is no channel binding on a WebSocket');
  }

  /** Reads no more. */
  stall(): void {
    this.#webSocket.pause();
  }

  /** Reads on. */
  goOn(): void {
    this.#webSocket.resume();
  }

  /** Ends the stream; the WebSocket ends when the client has done the same. */
  end(attributes = ''): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.write(`<close xmlns='${NS_FRAMING}'${attributes}/>`);
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#webSocket.terminate();
  }

  #close(): void {
    this.end();
    this.#webSocket.close();
  }

  #receive(text: string, isBinary: boolean): void {
    try {
      if (isBinary) throw new EndsStream('policy-violation', 'a binary message', text);
      if (!text.startsWith('<')) throw new EndsStream('not-well-formed', 'no tag first', text);
      acceptStanza(text, NOTHING);
    } catch (error) {
      if (!(error instanceof EndsStream)) throw error;
      this.wrong ??= error;
      this.destroy();
    }
    this.received.push(text);
    if (text.startsWith('<close ')) this.#close();
    this.#unread.take(text);
  }
}

/** A whole login that goes well. */
export async function loginByWebSocket(peer: WebSocketPeer, options: Login): Promise<void> {
  await authenticate(peer, options);
  await bind(peer, options);
}

interface WebSocketServerOptions {
  identity: Identity;
  /** Answers the request for a WebSocket in place of the server. */
  upgrade?: (request: IncomingMessage, connection: Duplex) => void;
}

export interface ScriptedWebSocketServer {
  port: number;
  /** One for each WebSocket so far. */
  peers: WebSocketPeer[];
  /** Each request for a WebSocket so far. */
  requests: IncomingMessage[];
  /** Ends all connections. Rejects with what went wrong in a script, if something did. */
  stop(): Promise<void>;
}

/** A server on loopback that runs the script on each WebSocket. */
export async function webSocketServer(
  script: (peer: WebSocketPeer) => Promise<unknown>,
  { identity, upgrade }: WebSocketServerOptions,
): Promise<ScriptedWebSocketServer> {
  const peers: WebSocketPeer[] = [];
  const requests: IncomingMessage[] = [];
  const connections = new Set<Duplex>();
  const failures: Error[] = [];
  const webSockets = new WebSocketServer({ noServer: true });
  const serve = (request: IncomingMessage, connection: Duplex, head: Buffer) =>
    webSockets.handleUpgrade(request, connection, head, (webSocket) => {
      const peer = new WebSocketPeer(webSocket, connection);
      peers.push(peer);
      script(peer).catch((error) => {
        peer.destroy();
        if (!(error instanceof PeerGone)) failures.push(error);
      });
    });
  const server = createServer(identity);
  server.on('secureConnection', (socket) => connections.add(socket));
  server.on('upgrade', (request, connection, head) => {
    requests.push(request);
    if (upgrade) upgrade(request, connection);
    else serve(request, connection, head);
  });
  server.listen(0, '127.0.0.1');
  // A test that fails before it stops it must not keep the tests' process running.
  server.unref();
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.close();
    for (const connection of connections) connection.destroy();
    await Promise.all(peers.map((peer) => peer.ended));
    const wrong = peers.flatMap((peer) => peer.wrong ?? []);
    for (const failure of [...wrong, ...failures]) throw failure;
  };
  return { port, peers, requests, stop };
}
