import { withOrigin } from './commands/account/origin.js';
import { EXIT_CODES } from './commands/exit-codes.js';
import { isFileError, sentence } from './file-errors.js';
import { withoutUsers } from './session/dial/shown-address.js';
import { FilesFailed } from './transfer/sources/source.js';

/** What happened, as the user reads it, by the exit code of the error. `undefined`: nothing. */
export function wordsOf(error: Error, exitCode: number): string | undefined {
  // Each failure was told when it was its turn.
  if (error instanceof FilesFailed) return undefined;
  // A person who interrupts it knows why it ended, and nobody is left to read the rest.
  if (exitCode > 128) return undefined;
  if (exitCode === EXIT_CODES.unexpected.code) return `unexpected error: ${error.stack}`;
  // What fails in another way does not fail because of a value.
  const isOfValue = exitCode === EXIT_CODES.usage.code || isFileError(error);
  // What was typed may be the address of a proxy in a wrong place.
  const text = withoutUsers(sentence(error));
  return isOfValue ? withOrigin(text, error) : text;
}
