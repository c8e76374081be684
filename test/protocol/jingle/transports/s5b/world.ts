// Romeo and Juliet, their servers with a proxy each, and an internet in memory.

import { s5bTransport } from '../../../../../src/protocol/jingle/transports/s5b/s5b.js';
import type { Transport } from '../../../../../src/protocol/jingle/transports/transport.js';
import { type Direct, type Relation, reachOf } from '../../../../../src/protocol/network/direct.js';
import { OwnProxies } from '../../../../../src/protocol/socks5/own-proxies.js';
import type { Element } from '../../../../../src/session/xml.js';
import type { Intercept } from '../../../../support/linked-sessions.js';
import { ManualClock } from '../../../../support/manual-clock.js';
import { MemoryInternet, ownAddress } from '../../../network/memory-network.js';
import { TestProxy } from '../../../socks5/proxy.js';
import { servicesOf, sessionsWithServices } from '../../../socks5/server.js';

export const [ROMES, JULIETS] = ['11.0.1.1', '11.0.2.2'];

export interface WorldOptions {
  /** What either lets the other see. */
  his?: [Direct, Relation];
  hers?: [Direct, Relation];
  /** Whose servers have a proxy. */
  proxies?: ('his' | 'hers')[];
  intercept?: Intercept;
}

export function world(options: WorldOptions = {}) {
  const { his = ['contacts', 'own'], hers = his, proxies = ['his', 'hers'], intercept } = options;
  const [internet, clock] = [new MemoryInternet(), new ManualClock()];
  const all = {
    his: new TestProxy('proxy.montague.example', '11.0.0.7', 5000),
    hers: new TestProxy('proxy.capulet.example', '11.0.0.8', 7777),
  };
  const used = proxies.map((whose) => all[whose]);
  for (const proxy of used) internet.at(proxy.host, proxy.port, proxy.connected);
  const asked: Element[] = [];
  const sessions = sessionsWithServices({
    services: servicesOf(...used),
    asked,
    ...(intercept ? { intercept } : {}),
  });
  /** Why either has found no way. */
  const whys: [string[], string[]] = [[], []];
  const transportOf = (who: 0 | 1, address: string, [direct, relation]: [Direct, Relation]) =>
    s5bTransport({
      session: sessions[who],
      network: internet.of([ownAddress(address)]),
      proxies: new OwnProxies(sessions[who], clock),
      clock,
      reachOf: () => reachOf(direct, relation),
      onFailed: (_peer, _hasBegun, why) => void (why && whys[who].push(why)),
    });
  return {
    ...{ internet, clock, sessions, asked, proxies: all, whys },
    his: transportOf(0, ROMES, his) satisfies Transport,
    hers: transportOf(1, JULIETS, hers) satisfies Transport,
  };
}
