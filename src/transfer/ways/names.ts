/**
 * The ways by their names, best first; what each of them is stands in `ways.ts`. Imports nothing: `--help` shows them.
 */
export const WAY_NAMES = ['jingle', 'si', 'ibb'] as const;

/** One of those in which a file reaches somebody who is there. */
export type WayName = (typeof WAY_NAMES)[number];

/** `http`: it is left on a server, where it stays. */
export type AnyWayName = WayName | 'http';
