// Signals that a program gives: those of another realm, or of a library, do as Node's own from here on.
import type { Rule } from './rules.js';

/** Told by its members: a signal that Node has not made is no instance of ours. */
export const SIGNAL: Rule = ['an AbortSignal', isSignal];

function isSignal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener } = value as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

/** Ours by those that they follow: a signal may be given to each of a program's calls, and is to hear one listener. */
const followers = new WeakMap<AbortSignal, AbortController>();

/**
 * The same, or one of Node's that follows it: `AbortSignal.any` hears nothing of others, and older ones have neither a
 * reason nor `throwIfAborted`. Throws what a signal throws that cannot be listened to.
 */
export function ofOurs(signal: AbortSignal): AbortSignal {
  const isOurs: boolean = signal instanceof AbortSignal;
  if (isOurs) return signal;
  const known = followers.get(signal);
  const ours = known ?? new AbortController();
  const abort = () => ours.abort(signal.reason);
  if (!known) {
    signal.addEventListener('abort', abort, { once: true });
    // Where that has failed the next call tries it anew.
    followers.set(signal, ours);
  }
  if (signal.aborted) abort();
  return ours.signal;
}
