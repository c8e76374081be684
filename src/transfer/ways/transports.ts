import { IBB_METHOD, ibbTransport } from '../../protocol/jingle/transports/ibb.js';
import type { Transport, TransportMethod } from '../../protocol/jingle/transports/transport.js';
import type { Services } from './services.js';

interface KnownTransport extends TransportMethod {
  /** Makes it ready on a session. */
  on(services: Services): Transport;
}

/** How files travel by Jingle, best first: what is advertised, offered and taken. */
export const TRANSPORTS: readonly KnownTransport[] = [
  { ...IBB_METHOD, on: ({ bytestreams }) => ibbTransport(bytestreams) },
];
