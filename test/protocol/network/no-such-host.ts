import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Https } from '../../../src/protocol/network/https.js';

/** `.invalid` (RFC 6761 §6.4) as DNS answers for it, where a machine may have none. */
const lookUp: LookupFunction = (host, options, done) => {
  if (!host.endsWith('.invalid')) return lookup(host, options, done);
  const error = new Error(`getaddrinfo ENOTFOUND ${host}`);
  process.nextTick(done, Object.assign(error, { code: 'ENOTFOUND', syscall: 'getaddrinfo' }), []);
};

/** Requests by a network whose DNS says that no host in `.invalid` exists. */
export const knowingNoInvalid =
  (https: Https): Https =>
  (url, options) =>
    https(url, { lookup: lookUp, mayBeAnywhere: true, ...options });
