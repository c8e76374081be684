import {
  createHash,
  createHmac,
  pbkdf2Sync,
  randomBytes,
  randomUUID,
  X509Certificate,
} from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import tls from 'node:tls';
import { PeerGone, Unread } from '../unread.js';
import { StanzaScanner } from './stanza-scanner.js';
import { acceptStanza, EndsStream } from './strict-server.js';

/** What a server proves itself with, in PEM. */
export interface Identity {
  cert: string;
  key: string;
  /** The newest TLS that it speaks; default: 1.3. */
  maxVersion?: 'TLSv1.2';
}

/** The server's end of one connection: raw XML out, patterns in. Ends the stream where a real server would. */
export class Peer {
  /** Everything that the client ever sent, in the clear and inside TLS. */
  readonly received = { plain: '', tls: '' };
  /** Resolves when the connection is closed, by whichever side. */
  readonly ended: Promise<void>;
  /** What the client sent that ends a stream, which no client may be brought to. */
  wrong: EndsStream | undefined;
  /** The name that the client asked for with SNI. */
  servername: string | undefined;

  readonly #connection: net.Socket;
  /** The connection, or the TLS on it. */
  #socket: net.Socket;
  readonly #unread = new Unread();

  constructor(socket: net.Socket) {
    this.#connection = socket;
    this.#socket = socket;
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    this.#read(socket, 'plain');
  }

  write(raw: string | Uint8Array): void {
    this.#socket.write(raw);
  }

  /** Writes one byte at a time, so that each reaches the client by itself. */
  async trickle(raw: string): Promise<void> {
    for (const byte of Buffer.from(raw)) {
      await new Promise((resolve) => this.#socket.write(Buffer.of(byte), resolve));
    }
  }

  /** Waits until what came since the last match has the pattern in it, and reads up to its end. */
  expect(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#unread.expect(pattern);
  }

  /** Waits for a whole stanza of this name (which holds none of the same name). */
  async stanza(name: 'iq' | 'message' | 'presence'): Promise<{ text: string; id: string }> {
    const [text] = await this.expect(
      new RegExp(`<${name}(?=[\\s/>])(?:[^>]*/>|[\\s\\S]*?</${name}>)`),
    );
    return { text, id: attribute(text, 'id') };
  }

  /** Reads the client's stream header and answers with the server's, then features if given. */
  async header(features?: string, beforeFeatures = ''): Promise<void> {
    const [header] = await this.expect(/<stream:stream[^>]*>/);
    this.write(
      `<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0'` +
        ` xmlns:stream='http://etherx.jabber.org/streams'` +
        ` id='${randomBytes(8).toString('hex')}' from='${attribute(header, 'to')}'>`,
    );
    if (beforeFeatures) this.write(beforeFeatures);
    if (features !== undefined) this.write(`<stream:features>${features}</stream:features>`);
  }

  /** Turns the connection into TLS, as its server. The first call of a script makes it direct TLS. */
  async startTls(identity: Identity): Promise<void> {
    this.#connection.removeAllListeners('data');
    const secured = new tls.TLSSocket(this.#connection, {
      isServer: true,
      ...identity,
      SNICallback: (name, done) => {
        this.servername = name;
        done(null);
      },
    });
    this.#socket = secured;
    this.#read(secured, 'tls');
    const done = new Promise((resolve) => secured.once('secure', resolve));
    await Promise.race([done, this.ended]);
    if (this.#unread.isOver) throw new PeerGone('the client ended the TLS handshake');
  }

  /** RFC 9266: the server's side of `tls-exporter`. */
  exporter(): Buffer {
    if (!(this.#socket instanceof tls.TLSSocket)) throw new Error('the connection is in the clear');
    return this.#socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
  }

  /** Reads no more, so that not even the client's good-bye is noticed. */
  stall(): void {
    this.#socket.pause();
  }

  /** Reads on. */
  goOn(): void {
    this.#socket.resume();
  }

  /** Ends the connection in good order. */
  end(): void {
    this.#socket.end();
  }

  /** Cuts the connection: the client gets an RST. */
  destroy(): void {
    this.#connection.resetAndDestroy();
  }

  /** The login has its own patterns, and ends with what is not expected. */
  #check(scanner: StanzaScanner, text: string): void {
    try {
      for (const piece of scanner.read(text)) if (piece.isStanza) acceptStanza(piece.text);
    } catch (error) {
      if (!(error instanceof EndsStream)) throw error;
      this.wrong ??= error;
      this.write(error.toXml());
      this.end();
    }
  }

  #read(socket: net.Socket, phase: 'plain' | 'tls'): void {
    const decoder = new StringDecoder('utf8');
    const scanner = new StanzaScanner();
    socket.on('data', (chunk: Buffer) => {
      const text = decoder.write(chunk);
      this.#check(scanner, text);
      this.received[phase] += text;
      this.#unread.take(text);
    });
    socket.on('error', () => {}); // 'close' follows, and tells all there is to know
    socket.once('close', () => this.#unread.end());
  }
}

/** The value of an attribute in a piece of XML; the first of that name. */
export function attribute(text: string, name: string): string {
  return new RegExp(`\\s${name}=(?:"([^"]*)"|'([^']*)')`).exec(text)?.slice(1).join('') ?? '';
}

export type Script = (peer: Peer) => Promise<unknown>;

export interface ScriptedServer {
  port: number;
  /** One for each connection so far. */
  peers: Peer[];
  /** Ends all connections. Rejects with what went wrong in a script, if something did. */
  stop(): Promise<void>;
}

/** A server on loopback that runs the script on each connection. */
export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const peers: Peer[] = [];
  const failures: Error[] = [];
  const server = net.createServer({ noDelay: true }, (socket) => {
    const peer = new Peer(socket);
    peers.push(peer);
    script(peer).catch((error) => {
      peer.destroy();
      if (!(error instanceof PeerGone)) failures.push(error);
    });
  });
  server.listen(0, '127.0.0.1');
  // A test that fails before it stops it must not keep the tests' process running.
  server.unref();
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const stop = async () => {
    server.close();
    for (const peer of peers) peer.destroy();
    await Promise.all(peers.map((peer) => peer.ended));
    const wrong = peers.flatMap((peer) => peer.wrong ?? []);
    for (const failure of [...wrong, ...failures]) throw failure;
  };
  return { port, peers, stop };
}

export const STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";
export const PROCEED = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
export const BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
const STREAM_MANAGEMENT = "<sm xmlns='urn:xmpp:sm:3'/>";
const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';

/** The feature that offers these SASL mechanisms. */
export const mechanisms = (...names: string[]): string =>
  `<mechanisms xmlns='${NS_SASL}'>${names.map((name) => `<mechanism>${name}</mechanism>`).join('')}</mechanisms>`;

const channelBindings = (types: string[]): string =>
  types.length === 0
    ? ''
    : `<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>${types.map((type) => `<channel-binding type='${type}'/>`).join('')}</sasl-channel-binding>`;

export const challenge = (text: string): string =>
  `<challenge xmlns='${NS_SASL}'>${encode(text)}</challenge>`;

export const success = (text = ''): string =>
  `<success xmlns='${NS_SASL}'>${encode(text)}</success>`;

export const failure = (condition: string): string =>
  `<failure xmlns='${NS_SASL}'><${condition}/></failure>`;

export interface Login {
  identity: Identity;
  /** The full JID that the server binds, whatever was asked for. */
  jid: string;
  password: string;
  mechanism?: `SCRAM-SHA-${1 | 256 | 512}${'' | '-PLUS'}`;
  /** What is offered; default: `mechanism` alone. */
  offered?: string[];
  /** The types of channel binding that are announced (XEP-0440). */
  announced?: string[];
  /** Has offered a mechanism with `-PLUS`, so that a client that has seen none has been deceived (RFC 5802 §6). */
  hasPlus?: boolean;
  /** What it takes for the data of the channel; default: what they are. */
  channel?: Buffer;
  iterations?: number;
  /** Where the server's signature goes (RFC 6120 §6.4.6 has both). */
  signatureIn?: 'success' | 'challenge';
  /** The one thing that this server does wrong. */
  spoil?: 'nonce' | 'signature' | 'missing signature' | 'missing final data' | 'missing challenge';
  /** What comes between the header and the features of the three streams of a login. */
  beforeFeatures?: Partial<Record<'STARTTLS' | 'SASL' | 'binding', string>>;
  /** What comes in one piece with `<success/>`. */
  behindSuccess?: string;
  streamManagement?: boolean;
  /** What it says of the largest stanza that it takes (XEP-0478). */
  maxStanzaBytes?: number;
  /** The attributes of `<enabled/>`. */
  enabled?: string;
  /** What comes in one piece with `<enabled/>`. */
  behindEnabled?: string;
}

/** What a login needs of the server's end of a connection. */
export type Speaker = Pick<Peer, 'header' | 'expect' | 'stanza' | 'write' | 'exporter'>;

/** A whole login that goes well, but for what is spoiled. */
export async function login(peer: Peer, options: Login): Promise<void> {
  await secure(peer, options);
  await authenticate(peer, options);
  await bind(peer, options);
}

/** STARTTLS up to the end of the handshake. */
export async function secure(peer: Peer, { identity, beforeFeatures }: Login): Promise<void> {
  await peer.header(STARTTLS, beforeFeatures?.STARTTLS);
  await peer.expect(/<starttls[^>]*>/);
  peer.write(PROCEED);
  await peer.startTls(identity);
}

/** SASL SCRAM (RFC 5802), from the stream header to the success. */
export async function authenticate(peer: Speaker, options: Login): Promise<void> {
  const { mechanism = 'SCRAM-SHA-256', signatureIn = 'success', spoil } = options;
  const { offered = [mechanism], announced = [] } = options;
  const features = mechanisms(...offered) + channelBindings(announced);
  await peer.header(features, options.beforeFeatures?.SASL);
  const [auth, initial = ''] = await peer.expect(/<auth[^>]*>([^<]*)<\/auth>/);
  if (attribute(auth, 'mechanism') !== mechanism) throw new Error(`unexpected ${auth}`);
  if (spoil === 'missing challenge') return peer.write(success());

  const scram = serveScram(peer, decode(initial), { ...options, mechanism });
  peer.write(challenge(scram.serverFirst));
  const [, answer = ''] = await peer.expect(/<response[^>]*>([^<]*)<\/response>/);
  const signature = scram.verify(decode(answer));
  if (!signature) return peer.write(failure('not-authorized'));
  if (spoil === 'signature') signature.fill(0);
  const final = spoil === 'missing signature' ? 'x=1' : `v=${signature.toString('base64')}`;
  if (signatureIn === 'challenge') {
    peer.write(challenge(final));
    await peer.expect(/<response[^>]*>/);
  }
  const said = signatureIn === 'challenge' || spoil === 'missing final data' ? '' : final;
  peer.write(success(said) + (options.behindSuccess ?? ''));
}

/** The server's arithmetic of SCRAM: `verify` gives its signature, or nothing if the proof is wrong. */
function serveScram(
  peer: Speaker,
  clientFirst: string,
  options: Login & Required<Pick<Login, 'mechanism'>>,
) {
  const { mechanism, password, iterations = 4096, spoil } = options;
  const hash = mechanism.replace('SCRAM-SHA-', 'sha').replace('-PLUS', '');
  const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
  const [, gs2 = '', bare = ''] = /^([^,]*,[^,]*,)(.*)$/.exec(clientFirst) ?? [];
  const theirs = spoil === 'nonce' ? '' : bare.replace(/^.*,r=/, '');
  const salt = randomBytes(16);
  const serverFirst = `r=${theirs}${encode(randomUUID())},s=${salt.toString('base64')},i=${iterations}`;

  const verify = (clientFinal: string): Buffer | undefined => {
    const [, withoutProof = '', proof] = /^(.*),p=(.*)$/.exec(clientFinal) ?? [];
    const signed = `${bare},${serverFirst},${withoutProof}`;
    const salted = pbkdf2Sync(password, salt, iterations, createHash(hash).digest().length, hash);
    const clientKey = hmac(salted, 'Client Key');
    const clientSignature = hmac(createHash(hash).update(clientKey).digest(), signed);
    const right = clientKey.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
    if (mechanism.endsWith('-PLUS') !== gs2.startsWith('p=')) return undefined;
    if (options.hasPlus && gs2.startsWith('y')) return undefined;
    const channel = Buffer.concat([Buffer.from(gs2), channelOf(peer, gs2, options)]);
    const honest = withoutProof.startsWith(`c=${channel.toString('base64')},`);
    if (!honest || proof !== Buffer.from(right).toString('base64')) return undefined;
    return hmac(hmac(salted, 'Server Key'), signed);
  };
  return { serverFirst, verify };
}

function channelOf(peer: Speaker, gs2: string, { channel, identity }: Login): Buffer {
  if (!gs2.startsWith('p=')) return Buffer.alloc(0);
  if (channel) return channel;
  if (gs2.startsWith('p=tls-exporter,')) return peer.exporter();
  // Those of the tests are signed with ECDSA and SHA-256.
  return createHash('sha256').update(new X509Certificate(identity.cert).raw).digest();
}

/** Resource binding; with stream management if asked for. */
export async function bind(peer: Speaker, options: Login): Promise<void> {
  const { jid, streamManagement, behindEnabled = '' } = options;
  const { enabled = "id='resume-me' resume='true'" } = options;
  const features = BIND + (streamManagement ? STREAM_MANAGEMENT : '') + limits(options);
  await peer.header(features, options.beforeFeatures?.binding);
  const { id } = await peer.stanza('iq');
  peer.write(
    `<iq type='result' id='${id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>${jid}</jid></bind></iq>`,
  );
  if (!streamManagement) return;
  await peer.expect(/<enable[^>]*>/);
  peer.write(`<enabled xmlns='urn:xmpp:sm:3' ${enabled}/>${behindEnabled}`);
}

const limits = ({ maxStanzaBytes }: Login) =>
  maxStanzaBytes
    ? `<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>${maxStanzaBytes}</max-bytes></limits>`
    : '';

/** A login up to the request to resume (XEP-0198 §5), which is returned unanswered. */
export async function resumption(peer: Peer, options: Login): Promise<string> {
  await secure(peer, options);
  await authenticate(peer, options);
  await peer.header(BIND + STREAM_MANAGEMENT);
  const [request] = await peer.expect(/<resume[^>]*>/);
  return request;
}

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (base64: string): string => Buffer.from(base64, 'base64').toString();
