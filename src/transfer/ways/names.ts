/**
 * The ways by their names, best first; what each of them is stands in `ways.ts`. Imports nothing: `--help` shows them.
 */
export const WAY_NAMES = ['jingle', 'si', 'ibb'] as const;

/** One of those in which a file reaches somebody who is there. */
export type WayName = (typeof WAY_NAMES)[number];

/** `http`: it is left on a server, where it stays. */
export type AnyWayName = WayName | 'http';

/** What `--via` takes, for messages. */
export const VIA_TAKES = `auto, or ${WAY_NAMES.join(', ')}, some of them with commas between; http last, or alone`;

/** The ways that a user has named. */
export interface ChosenWays {
  /** To those who are there, in this order; absent: all of them. */
  ways?: readonly WayName[];
  /** What nobody takes is left on the own server, with a link. */
  mayLeave: boolean;
}

/** What is meant by `auto`, `jingle,si` or `auto,http`; nothing where it makes no sense: behind `http` nothing is tried. */
export function readVia(text: string): ChosenWays | undefined {
  const names = text.split(',').map((name) => name.trim());
  const last: AnyWayName = 'http';
  const mayLeave = names.at(-1) === last;
  const others = mayLeave ? names.slice(0, -1) : names;
  if (others.length === 1 && others[0] === 'auto') return { mayLeave };
  const ways = WAY_NAMES.filter((name) => others.includes(name));
  if (ways.length !== others.length) return undefined;
  return { ways: others as WayName[], mayLeave };
}
