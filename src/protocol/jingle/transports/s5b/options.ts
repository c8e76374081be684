import type { Clock } from '../../../../session/clock.js';
import type { Session } from '../../../../session/session.js';
import type { LeastPace } from '../../../ibb/watch-peer.js';
import type { Reach } from '../../../network/direct.js';
import type { Network } from '../../../network/network.js';
import type { OwnProxies } from '../../../socks5/own-proxies.js';

export interface S5bOptions {
  session: Session;
  network: Network;
  proxies: OwnProxies;
  clock: Clock;
  /** What may be connected to for this full JID, and be offered to it; `isSealed`: what it says comes sealed. */
  reachOf(peer: string, isSealed: boolean): Reach;
  /** What peers must do to keep a channel by which they send. */
  pace?: LeastPace | undefined;
  /**
   * Told that there was no way to this full JID, and `why`: with addresses, for the user alone; or that there was one
   * (`hasBegun`), which has broken.
   */
  onFailed?: ((peer: string, hasBegun: boolean, why?: string) => void) | undefined;
}
