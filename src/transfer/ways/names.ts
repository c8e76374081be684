/**
 * The ways by their names, best first; what each of them is stands in `ways.ts`. Imports nothing: `--help` shows them.
 */
export const WAY_NAMES = ['jingle', 'si', 'ibb'] as const;

export type WayName = (typeof WAY_NAMES)[number];
