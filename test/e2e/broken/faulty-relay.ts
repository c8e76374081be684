// Stands before a proxy for SOCKS5 bytestreams, and does to each of its connections what a seed says.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What becomes of a connection: it is closed at once; it is taken, and nothing comes by it; or when so many bytes have
 * gone one way, it is reset, or ended, on both sides; all from then on is swallowed, and nobody told; or one bit is
 * turned.
 */
type ConnectionFault =
  | 'pass'
  | 'refuse'
  | 'silence'
  | { how: Break; after: number; isBack: boolean };

type Break = 'reset' | 'end' | 'turn' | 'stall';

export interface FaultyRelay {
  readonly port: number;
  /** What was done so far, as `reset after 45 bytes back, connection 2`. */
  readonly faults: string[];
  stop(): void;
}

/** How likely each is for a connection, in percent. */
const CHANCES = { refuse: 8, silence: 3, break: 30 };

/** The handshake is within the first; what follows is of a file. */
const [HANDSHAKE_BYTES, FILE_BYTES] = [120, 90_000];

/** Relays what comes to the port of this machine. `breaks`: those that may be. */
export async function startFaultyRelay(
  port: number,
  seed: number,
  breaks: readonly Break[],
): Promise<FaultyRelay> {
  const [sockets, faults] = [new Set<Socket>(), [] as string[]];
  let connections = 0;
  const server = createServer({ allowHalfOpen: true }, (inbound) => {
    connections += 1;
    const fault = faultOf(seed, connections, breaks);
    if (fault !== 'pass') faults.push(`${told(fault)}, connection ${connections}`);
    sockets.add(inbound.on('error', () => undefined));
    if (fault === 'refuse') return void inbound.resetAndDestroy();
    if (fault === 'silence') return void inbound.resume();
    const outbound = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.add(outbound.on('error', () => undefined));
    const broken = fault === 'pass' ? undefined : fault;
    carry(inbound, outbound, broken?.isBack === false ? broken : undefined);
    carry(outbound, inbound, broken?.isBack ? broken : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const relay = (server.address() as AddressInfo).port;
  return { port: relay, faults, stop: () => stop(server, sockets) };
}

function faultOf(seed: number, connection: number, breaks: readonly Break[]): ConnectionFault {
  const random = createHash('sha256').update(`relay ${seed} ${connection}`).digest();
  const [chance, which, place, way] = [0, 4, 8, 12].map((at) => random.readUInt32BE(at)) as [
    ...[number, number, number, number],
  ];
  const percent = chance % 100;
  if (percent < CHANCES.refuse) return 'refuse';
  if (percent < CHANCES.refuse + CHANCES.silence) return 'silence';
  if (percent >= CHANCES.refuse + CHANCES.silence + CHANCES.break) return 'pass';
  const after = place % (way % 3 === 0 ? HANDSHAKE_BYTES : FILE_BYTES);
  return { how: breaks[which % breaks.length] as Break, after, isBack: way % 2 === 0 };
}

const told = (fault: ConnectionFault): string =>
  typeof fault === 'string'
    ? fault
    : `${fault.how} after ${fault.after} bytes ${fault.isBack ? 'back' : 'forth'}`;

function carry(from: Socket, to: Socket, fault: Exclude<ConnectionFault, string> | undefined) {
  let bytes = 0;
  let isOver = false;
  from.on('data', (chunk: Buffer) => {
    if (isOver) return;
    const before = bytes;
    bytes += chunk.length;
    const isDue = fault !== undefined && before <= fault.after && fault.after < bytes;
    const [at, how] = isDue ? [fault.after - before, fault.how] : [chunk.length, 'pass'];
    if (how === 'turn') chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at);
    const rest = how === 'turn' ? chunk : chunk.subarray(0, at);
    if (!to.write(rest)) from.pause();
    isOver = isDue && how !== 'turn';
    if (how === 'reset') for (const socket of [from, to]) socket.resetAndDestroy();
    if (how === 'end') for (const socket of [from, to]) socket.end();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => isOver || to.end());
  from.on('close', () => to.destroy());
}

function stop(server: Server, sockets: ReadonlySet<Socket>): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}
