import { bare } from './bare.js';
import { http } from './http/http.js';
import { jingle } from './jingle.js';
import { type AnyWayName, WAY_NAMES } from './names.js';
import type { Services } from './services.js';
import { si } from './si.js';
import type { OpenWay, Way } from './way.js';

const BY_NAME: Readonly<Record<AnyWayName, Way>> = { jingle, si, ibb: bare, http };

export const wayNamed = (name: AnyWayName): Way => BY_NAME[name];

/** All in which a file reaches somebody who is there, best first. */
export const WAYS: readonly Way[] = WAY_NAMES.map(wayNamed);

/** The ways that somebody may know without advertising them, best first. */
export const UNADVERTISED: readonly Way[] = WAYS.filter(({ isAdvertised }) => !isAdvertised);

/** Ways that are ready on one session. */
export type OpenWays = ReadonlyMap<Way, OpenWay>;

/** Makes all ready that there is something for; once for each session. */
export const openWays = (services: Services): OpenWays => {
  const ways = services.links ? [...WAYS, http] : WAYS;
  return new Map(ways.map((way) => [way, way.open(services)]));
};
