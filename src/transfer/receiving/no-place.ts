import { StanzaError } from '../../session/stanza-error.js';
import { NoFolder, NoRoom } from '../inbox-errors.js';
import type { Arrivals, WantedPartial } from './inbox.js';

/** The answer in an iq where there is no place for a transfer now; Jingle has a reason of its own. */
export const noPlace = () => new StanzaError('wait', 'resource-constraint', 'busy');

/** Why there is no place for a file, if that is known before there is one. */
export async function whyNoPlace(
  inbox: Arrivals,
  wanted: WantedPartial,
): Promise<Error | undefined> {
  try {
    await inbox.checkRoom(wanted);
    return undefined;
  } catch (error) {
    // What else is wrong may be mended when the place is made.
    if (error instanceof NoRoom || error instanceof NoFolder) return error;
    return undefined;
  }
}
