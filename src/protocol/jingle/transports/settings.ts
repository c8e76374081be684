import type { BytestreamSettings } from '../../ibb/settings.js';

/** What may be set for one offer, for all transports. Each takes what is its own. */
export type TransportSettings = Partial<BytestreamSettings>;
