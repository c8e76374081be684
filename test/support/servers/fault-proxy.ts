import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as wait } from 'node:timers/promises';
import tls from 'node:tls';
import type { Identity } from './scripted-server.js';
import { HOST, type TestServer } from './server.js';
import { StanzaScanner } from './stanza-scanner.js';

export type Direction = 'toServer' | 'toClient';

/**
 * A stanza on its way. Connections and stanzas are counted from 1, the stanzas of each direction anew. Number 0
 * to the server is the connection itself: unless it may pass, it is refused.
 */
export interface Passing {
  connection: number;
  direction: Direction;
  count: number;
  stanza: string;
}

/**
 * What becomes of a stanza: it goes on, after so many ms with a number; it is lost; it comes twice; it comes
 * behind the next one. Or it is lost because of what becomes of the connection: `reset` cuts the client off
 * without a word to the server, as when the client's network changes; `end` closes it on both sides; `tear` the
 * same, in the middle of the stanza; `stall` swallows all from now on, both ways, and tells nobody.
 */
export type Fault =
  | 'pass'
  | number
  | 'drop'
  | 'repeat'
  | 'swap'
  | 'reset'
  | 'end'
  | 'tear'
  | 'stall';

export type Schedule = (passing: Passing) => Fault;

export interface FaultProxy {
  /** Where the client finds it: direct TLS. */
  service: string;
  /** What was done so far, as `reset at stanza 12 toServer of connection 1`. */
  faults: string[];
  stop(): Promise<void>;
}

interface FaultProxyOptions {
  /** What goes on is written a byte at a time. */
  slice?: boolean;
  /** Changes what the server says. */
  altered?: (stanza: string) => string;
}

/** Sits between clients and a server, with TLS on both sides, and does to each stanza what the schedule says. */
export async function startFaultProxy(
  server: TestServer,
  schedule: Schedule,
  options: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const identity = await identityOf(server);
  const links: Link[] = [];
  const faults: string[] = [];
  let connections = 0;
  const listener = net.createServer({ noDelay: true }, (socket) => {
    connections += 1;
    const connection = connections;
    const decide: Decide = (direction, count, stanza) => {
      const fault = schedule({ connection, direction, count, stanza });
      const where = `stanza ${count} ${direction} of connection ${connection}`;
      if (fault !== 'pass') faults.push(`${fault} at ${where}`);
      return fault;
    };
    if (decide('toServer', 0, '') !== 'pass') socket.resetAndDestroy();
    else links.push(new Link(acceptTls(socket, identity), connectTls(server), decide, options));
  });
  listener.listen(0, HOST);
  await once(listener, 'listening');
  return {
    service: `xmpps://${HOST}:${(listener.address() as net.AddressInfo).port}`,
    faults,
    stop: async () => {
      for (const link of links) link.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** The server's own certificate: the client is to take the proxy for it. */
async function identityOf({ caPath, domain }: TestServer): Promise<Identity> {
  const read = (suffix: string) => readFile(join(dirname(caPath), `${domain}.${suffix}`), 'utf8');
  return { cert: await read('crt'), key: await read('key') };
}

/** One side of a link: the TCP connection, and TLS on it. */
interface Side {
  connection: net.Socket;
  secured: tls.TLSSocket;
}

function acceptTls(connection: net.Socket, identity: Identity): Side {
  // Of many that are reset under TLS, Node 20 leaves one open now and then, destroyed as it is.
  connection.unref();
  return { connection, secured: new tls.TLSSocket(connection, { isServer: true, ...identity }) };
}

function connectTls({ directTlsService }: TestServer): Side {
  const port = Number(new URL(directTlsService).port);
  const connection = net.connect({ host: HOST, port, noDelay: true });
  return { connection, secured: tls.connect({ socket: connection, rejectUnauthorized: false }) };
}

type Decide = (direction: Direction, count: number, stanza: string) => Fault;

/** A client's connection and the one to the server that goes with it. */
class Link {
  readonly #sides: Side[];
  readonly #decide: Decide;
  readonly #options: FaultProxyOptions;
  /** Nothing goes on any more, though it is still read. */
  #over = false;

  constructor(client: Side, server: Side, decide: Decide, options: FaultProxyOptions) {
    this.#sides = [client, server];
    this.#decide = decide;
    this.#options = options;
    for (const { connection, secured } of this.#sides) {
      // The end of a relay follows, and tells all there is to know.
      for (const socket of [connection, secured]) socket.on('error', () => {});
    }
    void this.#relay(client.secured, server.secured, 'toServer');
    void this.#relay(server.secured, client.secured, 'toClient');
  }

  destroy(): void {
    for (const { connection, secured } of this.#sides) {
      secured.destroy();
      connection.destroy();
    }
  }

  /** Cuts the client off. The server hears nothing of it, as when the client's network has changed. */
  #reset(): void {
    this.#sides[0]?.connection.resetAndDestroy();
  }

  #end(): void {
    for (const { secured } of this.#sides) secured.end();
  }

  /** Until one side is gone, and with it the other one. */
  async #relay(from: tls.TLSSocket, to: tls.TLSSocket, direction: Direction): Promise<void> {
    const decoder = new StringDecoder();
    const scanner = new StanzaScanner();
    let count = 0;
    let late = '';
    try {
      for await (const chunk of from) {
        for (const { text: said, isStanza } of scanner.read(decoder.write(chunk))) {
          if (this.#over) break;
          const text = direction === 'toClient' ? (this.#options.altered?.(said) ?? said) : said;
          if (isStanza) count += 1;
          const fault = isStanza ? this.#decide(direction, count, text) : 'pass';
          if (typeof fault === 'number') await wait(fault);
          await this.#write(to, passedOn(fault, text) + late);
          late = fault === 'swap' ? text : '';
          this.#strike(fault);
        }
      }
    } catch {
      // gone
    }
    if (!this.#over) this.#end();
  }

  async #write(to: tls.TLSSocket, text: string): Promise<void> {
    const bytes = Buffer.from(text);
    const step = this.#options.slice ? 1 : Math.max(bytes.length, 1);
    for (let at = 0; at < bytes.length; at += step) {
      await new Promise((resolve) => to.write(bytes.subarray(at, at + step), resolve));
    }
  }

  #strike(fault: Fault): void {
    this.#over ||= ['reset', 'end', 'tear', 'stall'].includes(`${fault}`);
    if (fault === 'reset') this.#reset();
    if (fault === 'end' || fault === 'tear') this.#end();
  }
}

/** What gets through of a stanza. */
function passedOn(fault: Fault, text: string): string {
  if (fault === 'pass' || typeof fault === 'number') return text;
  if (fault === 'repeat') return text + text;
  return fault === 'tear' ? text.slice(0, text.length / 2) : '';
}

/**
 * Faults at random, each with a probability. Every stanza's fate hangs on the seed and on where the stanza
 * is alone, so that a seed repeats a run.
 */
export function randomFaults(seed: number, chances: { [fault in Fault]?: number }): Schedule {
  return ({ connection, direction, count }) => {
    const place = `${seed} ${connection} ${direction} ${count}`;
    let left = createHash('sha256').update(place).digest().readUInt32BE() / 2 ** 32;
    for (const [fault, chance = 0] of Object.entries(chances)) {
      left -= chance;
      if (left < 0) return fault as Fault;
    }
    return 'pass';
  };
}
