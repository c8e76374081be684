import { Duplex } from 'node:stream';
import type { Allows } from '../../../src/protocol/network/checked-lookup.js';
import type { Endpoint, Network, Socket } from '../../../src/protocol/network/network.js';
import type { OwnAddress } from '../../../src/protocol/network/own-networks.js';

/** As much as a system takes of what nobody reads. */
const BUFFER = 16_384;

/** One end of a connection in memory, with the manners of TCP; what is written arrives a turn later. */
class MemorySocket extends Duplex implements Socket {
  other: MemorySocket = this;
  #whenRead: () => void = () => undefined;
  #isReset = false;
  #hasEnded = false;

  constructor(readonly localAddress: string) {
    super({ allowHalfOpen: true, highWaterMark: BUFFER });
    this.on('error', () => undefined);
  }

  override _read(): void {
    const tell = this.#whenRead;
    this.#whenRead = () => undefined;
    tell();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    const { other } = this;
    setImmediate(() => {
      if (this.destroyed) return;
      if (other.destroyed) {
        this.#reset();
      } else if (other.push(bytes)) {
        done();
      } else {
        other.#whenRead = done;
      }
    });
  }

  override _final(done: () => void): void {
    this.#end();
    done();
  }

  resetAndDestroy(): void {
    this.#isReset = true;
    this.destroy();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    if (this.#isReset) setImmediate(() => other.#reset());
    else if (!error) this.#end();
    done(error);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { other } = this;
    setImmediate(() => {
      if (other.destroyed) return;
      other.push(null);
      other.read(0); // as Node's own: that nothing more comes is told where nobody reads
    });
  }

  #reset(): void {
    this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }
}

/** Both ends of a connection, of the one who has opened it and of the other. */
export function linkedSockets(from = '11.0.0.1', to = '11.0.0.2'): [Socket, Socket] {
  const [his, hers] = [new MemorySocket(from), new MemorySocket(to)];
  his.other = hers;
  hers.other = his;
  return [his, hers];
}

type Connected = (socket: Socket) => void;

/** Machines that reach each other by their addresses, without a network; it notes what was connected to. */
export class MemoryInternet {
  /** Each try to connect that was let through, as `address:port`. */
  readonly tried: string[] = [];
  /** The addresses of names. */
  readonly names = new Map<string, readonly string[]>();
  readonly #walled = new Set<string>();
  /** The ends of connections that machines with a network have, which `at` is not. */
  readonly #sockets: Socket[] = [];
  readonly #listening = new Map<string, Connected>();
  #port = 40_000;

  /** Somebody who waits for connections at an address and a port. */
  at(address: string, port: number, connected: Connected): () => void {
    this.#listening.set(`${address}:${port}`, connected);
    return () => void this.#listening.delete(`${address}:${port}`);
  }

  /** Nobody reaches this address. */
  wallOff(address: string): void {
    this.#walled.add(address);
  }

  /** Addresses and ports at which somebody waits. */
  get ports(): number {
    return this.#listening.size;
  }

  /** Ends of connections that such machines have not given up. */
  get left(): number {
    return this.#sockets.filter(({ destroyed }) => !destroyed).length;
  }

  /** The network as a machine with these addresses sees it. */
  of(own: readonly OwnAddress[], from = own[0]?.address ?? '11.9.9.9'): Network {
    return {
      ownAddresses: () => own,
      connect: (to, allows, signal) => this.#connect(from, to, allows, signal),
      listen: async (_most, connected) => {
        this.#port += 1;
        const port = this.#port;
        const taken = (socket: Socket) => {
          this.#sockets.push(socket);
          connected(socket);
        };
        const undo = own.map(({ address }) => this.at(address, port, taken));
        return { port, close: () => undo.forEach((one) => void one()) };
      },
    };
  }

  async #connect(
    from: string,
    { host, port }: Endpoint,
    allows: Allows,
    signal: AbortSignal,
  ): Promise<Socket> {
    const addresses = this.names.get(host) ?? [host];
    if (!addresses.every(allows)) throw new Error(`${host} must not be connected to`);
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    const [address = ''] = addresses;
    this.tried.push(`${address}:${port}`);
    const connected = this.#listening.get(`${address}:${port}`);
    if (!connected || this.#walled.has(address)) throw refused(address, port);
    const [ours, theirs] = linkedSockets(from, address);
    this.#sockets.push(ours);
    connected(theirs);
    return ours;
  }
}

/** An address of a machine, beside its loopback. */
export const ownAddress = (address: string, prefix = 24): OwnAddress => ({
  address,
  cidr: `${address}/${prefix}`,
  internal: false,
});

/** As Node has it. */
function refused(address: string, port: number): Error {
  const code = 'ECONNREFUSED';
  const error = new Error(`connect ${code} ${address}:${port}`);
  return Object.assign(error, { code, syscall: 'connect', address, port });
}
