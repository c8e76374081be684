import { orAborted } from '../../session/aborted.js';
import type { Clock } from '../../session/clock.js';
import type { Listening, Network, Socket } from '../network/network.js';
import { within } from '../within.js';
import { admit } from './handshake.js';

/** How long one who has connected may take to say what it wants. */
const HANDSHAKE_MS = 5_000;

/** Connections at a time. Anybody can open some. */
const MAX_CONNECTIONS = 8;

/** Waits for the peer at a port of this machine, for one bytestream. */
export class Listener {
  readonly #field: string;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  /** Connections that know the address field, the latest first: a peer may open several, and go on with one. */
  #entered: Socket[] = [];
  #listening: Listening | undefined;
  #tell: () => void = () => undefined;

  private constructor(field: string, clock: Clock) {
    this.#field = field;
    this.#clock = clock;
  }

  /** Takes those who ask for this address field. Rejects with the system's error. */
  static async listen(network: Network, field: string, clock: Clock): Promise<Listener> {
    const listener = new Listener(field, clock);
    const listening = await network.listen(MAX_CONNECTIONS, (socket) => {
      void listener.#connected(socket);
    });
    listener.#listening = listening;
    return listener;
  }

  get port(): number {
    return this.#listening?.port ?? 0;
  }

  /**
   * The peer's connection, by this address of ours where there are several; no other one is taken after that. Rejects
   * with the signal's reason.
   */
  async take(address: string, signal: AbortSignal): Promise<Socket> {
    for (;;) {
      signal.throwIfAborted();
      const open = this.#entered.filter(isOpen);
      const socket = open.find(({ localAddress }) => isSame(localAddress, address)) ?? open[0];
      if (socket) {
        this.#entered = this.#entered.filter((one) => one !== socket);
        this.close();
        return socket;
      }
      const told = new Promise<void>((resolve) => {
        this.#tell = resolve;
      });
      await orAborted(told, signal);
    }
  }

  /** Takes no more, and ends all that were not taken. */
  close(): void {
    this.#over.abort(new Error('it is closed'));
    this.#listening?.close();
    for (const socket of this.#entered) socket.destroy();
    this.#entered = [];
  }

  async #connected(socket: Socket): Promise<void> {
    socket.on('error', () => undefined); // a connection that breaks is none, and no more is to be said of it
    try {
      await within(this.#clock, HANDSHAKE_MS, this.#over.signal, (until) =>
        admit(socket, this.#field, until),
      );
      this.#over.signal.throwIfAborted();
      this.#entered.unshift(socket);
      this.#tell();
    } catch {
      // What it is told first, if it speaks SOCKS5, is to arrive.
      socket.end(() => socket.destroy());
    }
  }
}

const isOpen = (socket: Socket): boolean => !socket.destroyed && !socket.readableEnded;

/** A socket that takes both families tells an IPv4 address as one of IPv6. */
const isSame = (local: string | undefined, address: string): boolean =>
  local === address || local === `::ffff:${address}`;
