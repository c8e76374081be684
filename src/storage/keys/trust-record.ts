import type { Trusted, TrustedKey } from '../../transfer/keys/trusted-keys.js';
import { isKey, parseObject } from '../untrusted.js';

/** What the file of a JID holds: JSON. */
export function formatTrusted({ jid, keys }: Trusted): string {
  return `${JSON.stringify({ jid, keys }, undefined, 2)}\n`;
}

/** Returns `undefined` for anything that `formatTrusted` does not write. */
export function parseTrusted(text: string): Trusted | undefined {
  const { jid, keys } = parseObject(text);
  if (typeof jid !== 'string' || !Array.isArray(keys) || keys.length === 0) return undefined;
  const read = keys.map(parseKey);
  return read.every((key) => key !== undefined) ? { jid, keys: read } : undefined;
}

function parseKey(value: unknown): TrustedKey | undefined {
  const { key, label, isVerified, since } = Object(value);
  const time = new Date(typeof since === 'string' ? since : Number.NaN);
  if (!isKey(key)) return undefined;
  if (typeof isVerified !== 'boolean' || Number.isNaN(time.getTime())) return undefined;
  if (label !== undefined && typeof label !== 'string') return undefined;
  return { key, ...(label === undefined ? {} : { label }), isVerified, since: time };
}
