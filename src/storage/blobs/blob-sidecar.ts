import { isCount, parseObject } from '../untrusted.js';

/** What a blob folder knows of a blob beside its bytes; the content of the JSON file next to them. */
export interface Sidecar {
  /** Media type. */
  type: string;
  /** Bytes. */
  size: number;
  /** Seconds after `storedAt`; `undefined`: never expires. 0: nor does it, but others are not to keep it. */
  maxAge?: number;
  storedAt: Date;
  /** JID that the blob came from. */
  from?: string;
}

/** A blob from further ahead than this was stored by a clock set wrong; its age cannot be known. */
const CLOCK_TOLERANCE_MS = 300_000;

/** JSON, with `storedAt` as RFC 3339. */
export function formatSidecar(sidecar: Sidecar): string {
  return JSON.stringify(sidecar);
}

/** Returns `undefined` for anything that `formatSidecar` does not write. */
export function parseSidecar(text: string): Sidecar | undefined {
  const { type, size, maxAge, storedAt, from } = parseObject(text);
  const time = new Date(typeof storedAt === 'string' ? storedAt : Number.NaN);
  if (typeof type !== 'string' || !isCount(size) || Number.isNaN(time.getTime())) return undefined;
  if (maxAge !== undefined && !isCount(maxAge)) return undefined;
  if (from !== undefined && typeof from !== 'string') return undefined;
  return { type, size, maxAge, storedAt: time, from };
}

/** Whether the max-age is over at `now`, in ms since 1970, or cannot be told because the clock went back. */
export function isExpired({ maxAge, storedAt }: Sidecar, now: number): boolean {
  if (!maxAge) return false;
  const age = now - storedAt.getTime();
  return age >= maxAge * 1000 || age < -CLOCK_TOLERANCE_MS;
}
