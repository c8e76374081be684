import { addressFrom, bareJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { isWithoutServer } from '../answers.js';
import { RecipientUnreachable } from '../recipient-errors.js';
import { http } from '../ways/http/http.js';
import type { Recipient } from '../ways/way.js';

/**
 * The recipients found, and behind them the account itself, for which a file can be left whoever is there. Nobody to be found is
 * no failure then; somebody who has said no stays one, and so does a server that cannot be reached. `found`: nothing where a
 * file is not to go to those who are there.
 */
export async function* orLink(
  session: Session,
  jid: string,
  found: AsyncIterable<Recipient> | undefined,
  note: (text: string) => void,
): AsyncGenerator<Recipient, void> {
  try {
    if (found) yield* found;
  } catch (error) {
    if (!(error instanceof RecipientUnreachable)) throw error;
    // A message gets there no more than a question does: the address may be misspelt.
    if (error.cause instanceof StanzaError && isWithoutServer(error.cause)) throw error;
    note(`${error.message}; leaving the file with a link`);
  }
  const isLast = found ? { isLast: true as const } : {};
  yield { peer: bareJid(addressFrom(session.jid, jid)), ways: [http], ...isLast };
}
