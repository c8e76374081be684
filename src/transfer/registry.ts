import type { HandlerRegistry } from '../protocol/handler-registry.js';

/** The operations that keep blobs and let bytestreams in; each may be replaced by a user of the library. */
export type Registry = HandlerRegistry;
