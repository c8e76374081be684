import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect } from '@jest/globals';
import type { InBandBytestreams } from '../../../../../src/protocol/ibb/in-band-bytestreams.js';
import { ibbTransport } from '../../../../../src/protocol/jingle/transports/ibb.js';
import type { S5bOptions } from '../../../../../src/protocol/jingle/transports/s5b/options.js';
import { s5bTransport } from '../../../../../src/protocol/jingle/transports/s5b/s5b.js';
import { reachOf } from '../../../../../src/protocol/network/direct.js';
import { type Network, systemNetwork } from '../../../../../src/protocol/network/network.js';
import { keyPairFrom } from '../../../../../src/protocol/noise/dh25519.js';
import { OwnProxies } from '../../../../../src/protocol/socks5/own-proxies.js';
import type { Clock } from '../../../../../src/session/clock.js';
import type { Session } from '../../../../../src/session/session.js';
import { type Intercept, JULIET, ROMEO } from '../../../../support/linked-sessions.js';
import { readAll, unattended } from '../../../ibb/bytestreams.js';
import { TestProxy } from '../../../socks5/proxy.js';
import { answering, servicesOf } from '../../../socks5/server.js';
import { offeredTo, type Pair, pairOfTransfers } from '../../transfers.js';

const HIS = keyPairFrom(Buffer.alloc(32, 1));
const HERS = keyPairFrom(Buffer.alloc(32, 2));
const BYTES = randomBytes(300_000);
const SHA256 = createHash('sha256').update(BYTES).digest();
const FILE = { name: 'film.mkv', size: BYTES.length, hashes: new Map([['sha-256', SHA256]]) };

const servers: Server[] = [];
/** The proxies' ends of connections. */
const sockets: Socket[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A proxy that listens at an address of this machine, by real sockets. */
export async function realProxy(address = '127.0.0.1'): Promise<TestProxy> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    proxy.connected(socket);
  });
  servers.push(server.listen(0, address));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = new TestProxy('proxy.montague.example', address, port);
  return proxy;
}

/** This machine, with these addresses to be offered. */
const networkWith = (...addresses: string[]): Network => ({
  ...systemNetwork(),
  ownAddresses: () =>
    addresses.map((address) => ({ address, cidr: `${address}/8`, internal: false })),
});

interface LaneOptions {
  proxy?: TestProxy;
  /** Addresses at which either listens. */
  listening?: string[];
  /** Sees what passes between the two. */
  intercept?: Intercept;
  /** Told where a lane of either fails. */
  onFailed?: S5bOptions['onFailed'];
}

/** Romeo and Juliet, of one account as far as addresses go, who try SOCKS5 bytestreams before in-band ones. */
export function pairWithLane({ proxy, listening = [], intercept, onFailed }: LaneOptions): Pair {
  const services = servicesOf(...(proxy ? [proxy] : []));
  const lane = (one: InBandBytestreams, session: Session, clock: Clock) => [
    s5bTransport({
      ...{ session, clock, network: networkWith(...listening), onFailed },
      proxies: new OwnProxies(session, clock),
      reachOf: () => reachOf('own', 'own'),
    }),
    ibbTransport(one),
  ];
  const pair: Pair = pairOfTransfers({
    blockSize: 4096,
    intercept: answering({
      services,
      intercept,
      sessionOf: (jid) => pair.sessions[jid === ROMEO ? 0 : 1],
    }),
    transports: [lane, lane],
  });
  pair.juliet.key = HERS;
  return pair;
}

/** Romeo's file is accepted by Juliet, from a byte on, and sent. What is sealed is hers when its first bytes are there. */
export async function sentBy(pair: Pair, isSealed: boolean, offset = 0) {
  const coming = offeredTo(pair.juliet);
  const seal = { own: HIS, peer: HERS.publicKey, mayDeflate: true };
  const outgoing = pair.romeo.offer(JULIET, FILE, isSealed ? { seal } : {});
  const incoming = await coming;
  const accepting = incoming.accept(offset);
  const sent = await outgoing;
  expect(sent.range.offset).toBe(offset);
  unattended(sent.channel).resume().end(BYTES.subarray(offset));
  return { sent, incoming, accepting };
}

/** Romeo's file arrives at Juliet, from a byte on; resolves to what was said in Jingle and in-band. */
export async function arrives(pair: Pair, isSealed: boolean, offset = 0): Promise<string[]> {
  const { sent, incoming, accepting } = await sentBy(pair, isSealed, offset);
  const hers = await accepting;
  expect((await readAll(hers)).equals(BYTES.subarray(offset))).toBe(true);
  const confirmed = sent.confirmed();
  await incoming.confirm(SHA256);
  expect(await confirmed).toBe('received');
  const request = /^\w+: (transport-\w+|open)(?!.*(taken|refused))/;
  return pair.wire.lines.flatMap((line) => request.exec(line)?.[1] ?? []);
}
