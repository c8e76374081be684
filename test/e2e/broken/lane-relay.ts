// Stands where a proxy for SOCKS5 bytestreams says that it is, and does to its connections what networks do.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface RelayFaults {
  /** Connections are taken and closed. */
  closes?: boolean;
  /** Connections are taken, and nothing comes by them. */
  isSilent?: boolean;
  /** Both ways are cut when so many bytes have gone one way, for so many connections. */
  cutsAfter?: number;
  /** One bit is turned behind so many bytes, once. */
  turnsBitAfter?: number;
  /** How many connections the last two meet; the others are let through. */
  times?: number;
}

export interface Relay {
  faults: RelayFaults;
  /** Connections that were made. */
  readonly connections: number;
  stop(): void;
}

/** Relays what comes to this address to the same port of 127.0.0.1. */
export async function startRelay(host: string, port: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const relay = { faults: {} as RelayFaults, connections: 0, stop: () => stop(server, sockets) };
  const server = createServer((inbound) => {
    relay.connections += 1;
    sockets.add(inbound.on('error', () => undefined));
    const { closes, isSilent } = relay.faults;
    if (closes) return void inbound.destroy();
    if (isSilent) return void inbound.resume();
    const outbound = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.add(outbound);
    carry(inbound, outbound, relay.faults);
    carry(outbound, inbound, relay.faults);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return relay;
}

function carry(from: Socket, to: Socket, faults: RelayFaults): void {
  let bytes = 0;
  from.on('data', (chunk: Buffer) => {
    const before = bytes;
    bytes += chunk.length;
    const limit = faults.cutsAfter ?? faults.turnsBitAfter ?? Number.POSITIVE_INFINITY;
    if (bytes > limit && before <= limit && (faults.times ?? 0) > 0) {
      faults.times = (faults.times ?? 0) - 1;
      if (faults.cutsAfter !== undefined) {
        from.resetAndDestroy();
        return void to.resetAndDestroy();
      }
      chunk.writeUInt8(chunk.readUInt8() ^ 1);
    }
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('close', () => to.destroy());
}

function stop(server: Server, sockets: ReadonlySet<Socket>): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}
