// The callbacks that a program gives: no fault of theirs lets somebody in, or ends the program when a stranger asks.
import { inspect } from 'node:util';

/**
 * What a callback that decides has answered. Throws TypeError for anything but true or false: the promise of an `async`
 * function would count as true.
 */
export function decided(answer: unknown, name: string): boolean {
  if (typeof answer === 'boolean') return answer;
  // The TypeError tells of it already; what a promise rejects with would end the program.
  Promise.resolve(answer).catch(() => undefined);
  const isPromise = answer instanceof Promise;
  throw new TypeError(
    `${name} is to return true or false, not ${isPromise ? 'a promise: is it async?' : inspect(answer, { depth: 0 })}`,
  );
}

/** Calls what decides nothing; `failed` is told what it throws, or rejects with where it is `async`. */
export function tell(callback: () => unknown, failed: (error: Error) => void): void {
  try {
    const answer = callback();
    // Stanzas and items come by the thousand, and hardly a callback is `async`.
    if (isThenable(answer)) Promise.resolve(answer).catch(failed);
  } catch (error) {
    failed(error as Error);
  }
}

/**
 * A promise that a callback may fail before it awaits: nobody hears a rejection then, which would end the program. Whoever
 * awaits it hears all the same.
 */
export function awaitedOrNot<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

const isThenable = (answer: unknown): boolean =>
  typeof (answer as PromiseLike<unknown> | undefined | null)?.then === 'function';

/** Tells `onError`, or Node's warnings where there is none or it fails itself. Never throws. */
export function reporter(onError: ((error: Error) => void) | undefined): (error: Error) => void {
  if (!onError) return warn;
  return (error) => tell(() => onError(error), warn);
}

/** As text: an error of another realm is none to Node. */
const warn = (error: unknown): void => process.emitWarning(inspect(error));

/** Throws TypeError for what is no function, when it is registered and not when it is called. */
export function checkFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') throw new TypeError(`${name} is to be a function`);
}
