import { lookup as lookUp } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { AddressNotAllowed } from './fetch-errors.js';

/** Whether something may be connected to, by its address. */
export type Allows = (address: string) => boolean;

/** Finds all addresses of a name. */
export type Resolve = (
  host: string,
  told: (error: Error | null, found: readonly { address: string; family: number }[]) => void,
) => void;

export const systemResolve: Resolve = (host, told) =>
  lookUp(host, { all: true }, (error, found) => told(error, found ?? []));

/**
 * A `lookup` for what connects to this host: it finds the addresses once, and fails where one of them must not be
 * connected to, so that a name cannot mean another address later. What connects asks for no address of a literal, which
 * is therefore checked here. Throws where it may not.
 */
export function checkedLookup(
  host: string,
  allows: Allows,
  resolve: Resolve = systemResolve,
): LookupFunction {
  if (isIP(host) && !allows(host)) throw notAllowed(host);
  return (name, { all }, told) =>
    resolve(name, (error, found) => {
      const [first] = found;
      const refused = found.find(({ address }) => !allows(address));
      const problem = error ?? (refused && notAllowed(name));
      if (problem || !first) return told(problem ?? new Error(`${name} has no address`), []);
      if (all) told(null, [...found]);
      else told(null, first.address, first.family);
    });
}

export const notAllowed = (host: string) =>
  new AddressNotAllowed(`${host} must not be connected to`);
