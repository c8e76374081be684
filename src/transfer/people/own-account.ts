// What a person says of an account to log in with.

import { MalformedService, parseService } from '../../session/dial/endpoints.js';
import { type NetworkProxy, parseProxy, wentByProxy } from '../../session/dial/proxy.js';
import { shownAddress } from '../../session/dial/shown-address.js';
import { ownHints, withHints } from '../../session/hints.js';
import { bareJid, MalformedJid, preparedJid, prepareJid } from '../../session/jid.js';
import { NotAuthorized } from '../../session/login/sasl.js';
import { ConnectionFailed } from '../../session/stream/connection-errors.js';
import { plainJid } from './typed-address.js';

/** Throws `MalformedJid` for what cannot log in. */
export function checkAccount(jid: string): void {
  if (!prepareJid(plainJid(jid)).local) throw new MalformedJid(jid);
}

/** The bare JID, as servers have it. Throws `MalformedJid` for what cannot log in. */
export function bareAccount(jid: string): string {
  checkAccount(jid);
  return bareJid(preparedJid(plainJid(jid)));
}

/** Throws `MalformedService`. */
export function checkService(service: string): void {
  parseService(service);
}

/** A proxy for people to see, usable or not, without what may be a password. */
export const shownProxy = shownAddress;

/** The same of a service, whose path is no secret. */
export function shownService(service: string): string {
  try {
    parseService(service);
    return service.replace(/\?.*$/s, '?…');
  } catch (error) {
    if (!(error instanceof MalformedService)) throw error;
    return shownAddress(service);
  }
}

/** `except`: hosts that are connected to directly. Throws `MalformedProxy`. */
export function readProxy(uri: string, except: readonly string[] = []): NetworkProxy {
  return parseProxy(uri, except);
}

/** Whether the server is one that the Tor network hides. Throws `MalformedService`, and `MalformedJid`. */
export function isOnion(account: string, service: string | undefined): boolean {
  const hosts = [
    prepareJid(plainJid(account)).domain,
    ...(service ? [parseService(service).host] : []),
  ];
  return hosts.some((host) => /\.onion\.?$/i.test(host));
}

/** Whether two addresses are of one account, whatever their resources. What is no address is of none. */
export function isSameAccount(one: string, other: string): boolean {
  try {
    return bareJid(preparedJid(one)) === bareJid(preparedJid(other));
  } catch (error) {
    if (error instanceof MalformedJid) return false;
    throw error;
  }
}

/** What could not be connected to by a proxy may be so for that, which a variable may have named unnoticed. */
export const namingProxy =
  (proxy: NetworkProxy | undefined, origin = '--proxy') =>
  (error: Error): never => {
    if (!proxy || !(error instanceof ConnectionFailed) || !wentByProxy(error)) throw error;
    const own = ownHints(error);
    const hints = own.length > 0 ? own : ['check the network, the domain, and --service'];
    const by = `connections go by the proxy ${proxy.host} port ${proxy.port}, of ${origin}`;
    throw withHints(error, ...hints, by);
  };

/** Where account and password have just been typed, nobody needs to be told where they come from. */
export const sayingTryAgain = (error: Error): never => {
  if (!(error instanceof NotAuthorized)) throw error;
  throw withHints(error, 'check the address and the password, and try again');
};
