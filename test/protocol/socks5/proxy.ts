// A proxy for SOCKS5 bytestreams that is stricter than real ones.
import type { Duplex } from 'node:stream';
import type { Socket } from '../../../src/protocol/network/network.js';
import { addressField } from '../../../src/protocol/socks5/address-field.js';
import { NS_BYTESTREAMS } from '../../../src/protocol/socks5/stanzas.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';

const GREETING = Buffer.of(5, 1, 0);
const REQUEST_HEAD = Buffer.of(5, 1, 0, 3, 40);

interface Waiting {
  socket: Duplex;
  /** The field that was asked for. */
  field: string;
}

/** What a proxy does otherwise. */
export interface ProxyFaults {
  /** Does not answer the greeting; the request; or the activation. */
  isSilent?: 'greeting' | 'request' | 'activation';
  /** Answers with another field. */
  isWrong?: boolean;
  /** Closes as soon as somebody connects. */
  closesAtOnce?: boolean;
  /** Tells of another port than its own. */
  isElsewhere?: boolean;
  refuses?: 'request' | 'activation';
  /** What becomes of connections that it has joined, when so many pieces have gone one way. */
  breaks?: { after: number; how: Break };
}

/**
 * Nothing more is read; or it is read and kept; both connections are reset, or closed, or only the side of the one that
 * sends; or a bit of each further piece is turned.
 */
export type Break = 'stalls' | 'swallows' | 'resets' | 'closes' | 'half-closes' | 'lies';

/**
 * As Prosody, it takes the greeting and the request as one read each; what comes before the activation, or a third
 * connection to a bytestream, ends all of them.
 */
export class TestProxy {
  /** Bytestreams that it has joined. */
  readonly joined: string[] = [];
  /** What was not as it had to be. */
  readonly problems: string[] = [];
  faults: ProxyFaults = {};
  #waiting: Waiting[] = [];

  constructor(
    readonly jid: string,
    readonly host: string,
    readonly port: number,
  ) {}

  connected = (socket: Socket | Duplex): void => {
    socket.on('error', () => undefined);
    if (this.faults.closesAtOnce) return void socket.destroy();
    socket.once('data', (greeting: Buffer) => this.#greeted(socket, greeting));
  };

  /** Takes a stanza to the proxy: the payload of the answer. Throws `StanzaError`; resolves never where it is silent. */
  async asked(stanza: Element): Promise<Element | undefined> {
    const { from = '' } = stanza.attrs;
    const query = stanza.getChild('query');
    if (query?.getNS() !== NS_BYTESTREAMS) return identity();
    if (stanza.attrs.type === 'get') return this.#told();
    if (this.faults.isSilent === 'activation') return new Promise(() => undefined);
    if (this.faults.refuses === 'activation') throw new StanzaError('auth', 'forbidden');
    const target = query.getChild('activate')?.getText() ?? '';
    this.#activate(addressField(query.attrs.sid ?? '', from, target));
    return undefined;
  }

  #told(): Element {
    const { jid, host, faults } = this;
    const port = faults.isElsewhere ? this.port + 1 : this.port;
    return xml('query', { xmlns: NS_BYTESTREAMS }, xml('streamhost', { jid, host, port }));
  }

  #greeted(socket: Duplex, greeting: Buffer): void {
    if (!greeting.equals(GREETING)) return this.#fail(socket, 'greeting');
    if (this.faults.isSilent === 'greeting') return;
    socket.once('data', (request: Buffer) => this.#requested(socket, request));
    socket.write(Buffer.of(5, 0));
  }

  #requested(socket: Duplex, request: Buffer): void {
    const field = request.subarray(5, 45).toString('latin1');
    const isRight =
      request.length === 47 &&
      request.subarray(0, 5).equals(REQUEST_HEAD) &&
      /^[0-9a-f]{40}$/.test(field) &&
      request.readUInt16BE(45) === 0;
    if (!isRight) return this.#fail(socket, 'request');
    if (this.faults.isSilent === 'request') return;
    if (this.faults.refuses === 'request') return void socket.end(Buffer.of(5, 5, 0, 1, 0, 0));
    this.#waiting.push({ socket, field });
    if (this.#of(field).length > 2) return this.#fail(socket, 'a third connection');
    socket.once('data', () => {
      if (!this.joined.includes(field)) this.#fail(socket, 'bytes before the activation');
    });
    socket.pause();
    const reply = Buffer.from(request);
    reply[1] = 0;
    if (this.faults.isWrong) reply[7] = 0x78;
    socket.write(reply);
  }

  #activate(field: string): void {
    const [one, other, ...more] = this.#of(field);
    if (!one || !other || more.length > 0) throw new StanzaError('cancel', 'not-allowed');
    this.joined.push(field);
    this.#waiting = this.#waiting.filter((waiting) => waiting.field !== field);
    join(one.socket, other.socket, this.faults);
    join(other.socket, one.socket, this.faults);
  }

  #of = (field: string): Waiting[] =>
    this.#waiting.filter((waiting) => waiting.field === field && !waiting.socket.destroyed);

  #fail(socket: Duplex, what: string): void {
    this.problems.push(what);
    socket.destroy();
  }
}

/**
 * Hands on what comes, and the end, which it answers itself, as Prosody's does; that one side has broken off, too, as an
 * end: it cannot tell more.
 */
function join(from: Duplex, to: Duplex, { breaks }: ProxyFaults): void {
  from.removeAllListeners('data');
  from.on('close', () => to.end());
  from.on('end', () => from.end());
  if (!breaks) return void from.pipe(to);
  let pieces = 0;
  from.on('end', () => to.end());
  from.on('data', (piece: Buffer) => {
    pieces += 1;
    if (pieces <= breaks.after) to.write(piece);
    else BREAKS[breaks.how](from, to, piece);
  });
  from.resume();
}

const BREAKS: Record<Break, (from: Duplex, to: Duplex, piece: Buffer) => void> = {
  stalls: (from) => from.pause(),
  swallows: () => undefined,
  resets: (...both) => {
    for (const socket of both.slice(0, 2) as Socket[]) socket.resetAndDestroy();
  },
  closes: (from, to) => {
    from.end();
    to.end();
  },
  'half-closes': (from) => void from.end(),
  lies: (_from, to, piece) => {
    const other = Buffer.from(piece);
    other.writeUInt8(other.readUInt8(piece.length - 1) ^ 1, piece.length - 1);
    to.write(other);
  },
};

const identity = (): Element =>
  xml(
    'query',
    { xmlns: 'http://jabber.org/protocol/disco#info' },
    xml('identity', { category: 'proxy', type: 'bytestreams' }),
    xml('feature', { var: NS_BYTESTREAMS }),
  );
