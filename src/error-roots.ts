import { isAbort } from './file-errors.js';
import { FilesFailed } from './transfer/sources/source.js';

/** What decides about an error that carries another one. */
export function rootOf(error: Error): NodeJS.ErrnoException {
  // What the user cancelled in the middle of a pipeline is an abort.
  const carries = error instanceof FilesFailed || isAbort(error);
  return carries && error.cause instanceof Error ? rootOf(error.cause) : error;
}
