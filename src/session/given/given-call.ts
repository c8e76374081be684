import { checkObject, checkOptions, DURATION } from './rules.js';
import { ofOurs, SIGNAL } from './signals.js';
import { withInherited } from './with-inherited.js';

/** What every call takes that asks a peer or a server. */
interface CallOptions {
  signal?: AbortSignal | undefined;
}

const RULES = { signal: SIGNAL, timeout: DURATION, closeTimeout: DURATION };

/**
 * The options of a call, with a signal of Node's in place of one that it has not made. Throws RangeError for options that
 * are no object, a signal that is none, and a time that cannot be waited for.
 */
export function checkedCall<Options extends CallOptions>(options: Options): Options {
  checkObject(options);
  checkOptions(RULES, options);
  const { signal } = options;
  const ours = signal && ofOurs(signal);
  return ours === signal ? options : { ...withInherited(options), signal: ours };
}

/** Does as `checkedCall`, to a copy in which inherited options are there, too. */
export function givenCall<Options extends CallOptions>(given: Options): Options {
  checkObject(given);
  return checkedCall(withInherited(given));
}
