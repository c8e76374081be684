import { fileURLToPath } from 'node:url';
import type { TestServer } from '../servers/server.js';
import { type Running, start } from './process.js';

export type PeerScript =
  | 'slixmpp_peer.py'
  | 'aioxmpp_peer.py'
  | 'purple_peer.py'
  | 'sealed_peer.py'
  | 'socks5_peer.py'
  | 'evil_peer.py';

/**
 * Starts a program of another library (test/peers) as `name@localhost/peer`. `args` begin with what it
 * does, see there. It prints `ready` when it is online, and `done <sha256>` at the end.
 */
export function startPeer(
  script: PeerScript,
  args: string[],
  server: TestServer,
  name: string,
): Running {
  const path = fileURLToPath(new URL(`../../peers/${script}`, import.meta.url));
  const { jid, password } = server.account(name);
  const account = [`${jid}/peer`, String(server.port), server.caPath];
  // -B: no __pycache__ in the checkout.
  return start('/usr/bin/python3', ['-B', path, ...account, ...args], {
    env: { ...process.env, INBAND_PASSWORD: password },
  });
}
