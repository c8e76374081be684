import { answerProposals } from '../../protocol/jingle/message-initiation.js';
import { enableCarbons } from '../../protocol/messages/carbons.js';
import type { Report } from '../events.js';
import type { Serving } from '../serving/serving.js';

/** Lets senders find us who do not see us online; if the server has no carbons, they need our full JID. */
export async function takeProposals(
  { session, admit, quotas }: Serving,
  report: Report,
): Promise<void> {
  answerProposals(session, (from, proposal) => {
    return admit(from, proposal) && quotas.proposals.take(from);
  });
  try {
    await enableCarbons(session);
  } catch (error) {
    session.ended.throwIfAborted();
    const { message } = error as Error;
    const text = `the server copies no messages to us, so that senders who do not see us online need our full JID (${message})`;
    report({ event: 'note', text });
  }
}
