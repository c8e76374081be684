import { bare } from './bare.js';
import { jingle } from './jingle.js';
import { WAY_NAMES, type WayName } from './names.js';
import type { Services } from './services.js';
import { si } from './si.js';
import type { OpenWay, Way } from './way.js';

const BY_NAME: Readonly<Record<WayName, Way>> = { jingle, si, ibb: bare };

export const wayNamed = (name: WayName): Way => BY_NAME[name];

/** All of them, best first. */
export const WAYS: readonly Way[] = WAY_NAMES.map(wayNamed);

/** The ways that somebody may know without advertising them, best first. */
export const UNADVERTISED: readonly Way[] = WAYS.filter(({ isAdvertised }) => !isAdvertised);

/** All ways, ready on one session. */
export type OpenWays = ReadonlyMap<Way, OpenWay>;

/** Makes them all ready; once for each session. */
export const openWays = (services: Services): OpenWays =>
  new Map(WAYS.map((way) => [way, way.open(services)]));
