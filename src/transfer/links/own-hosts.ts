import { readEndpoint } from '../../protocol/network/may-fetch.js';
import type { Endpoint } from '../../protocol/network/network.js';

/** A host of the user's own, from which links may lead to private addresses: `host`, or `host:port`; 443 by default. */
export type OwnHost = Endpoint;

/** `undefined`: it is no host. */
export const readOwnHost = (text: string): OwnHost | undefined => readEndpoint(text);
