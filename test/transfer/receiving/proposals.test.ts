import { expect, test } from '@jest/globals';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost, StanzaSession } from '../../../src/session/stanza-session.js';
import { xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { takeProposals } from '../../../src/transfer/receiving/proposals.js';
import type { Serving } from '../../../src/transfer/serving/serving.js';
import { JULIET } from '../../support/linked-sessions.js';

/** What is told where the server answers so when it is asked to copy messages. */
async function toldWhere(answer: (session: StanzaSession, id: string) => void) {
  const told: Event[] = [];
  const session: StanzaSession = new StanzaSession(JULIET, {
    write: async ({ attrs: { id = '' } }) => answer(session, id),
    close: async () => undefined,
  });
  const serving = { session, admit: () => true, quotas: new Quotas(4) } as unknown as Serving;
  await takeProposals(serving, (event) => told.push(event));
  return told;
}

const from = 'juliet@capulet.example';

test('a server that copies no messages is told of, with what that means', async () => {
  const refusal = new StanzaError('cancel', 'service-unavailable').toElement();
  const told = await toldWhere((session, id) =>
    session.receive(xml('iq', { type: 'error', id, from }, refusal)),
  );
  const text =
    'the server copies no messages to us, so that senders who do not see us online need our full JID (service-unavailable)';
  expect(told).toEqual([{ event: 'note', text }]);
});

test('one that copies them is not', async () => {
  const told = await toldWhere((session, id) =>
    session.receive(xml('iq', { type: 'result', id, from })),
  );
  expect(told).toEqual([]);
});

test('a session that ends meanwhile is no such server', async () => {
  const lost = new ConnectionLost('cut');
  await expect(toldWhere((session) => session.end(lost))).rejects.toBe(lost);
});
