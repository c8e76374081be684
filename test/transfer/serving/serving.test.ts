import { expect, test } from '@jest/globals';
import { memoryRegistry } from '../../../src/protocol/bob/memory-blobs.js';
import { StanzaSession } from '../../../src/session/stanza-session.js';
import type { Event } from '../../../src/transfer/events.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { startServing } from '../../../src/transfer/serving/serving.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';

const OTHER = 'juliet@capulet.example/chamber';

test('nobody is told of what comes from the session itself, and of others one is (R1251)', async () => {
  const events: Event[] = [];
  let session: StanzaSession | undefined;
  await startServing({
    connect: async (as) => {
      const transport = { write: async () => undefined, close: async () => undefined };
      session = new StanzaSession(JULIET, transport, as);
      return session;
    },
    report: (event) => void events.push(event),
    registry: memoryRegistry(),
    quotas: new Quotas(4),
    allow: ['mercutio@montague.example'],
  });
  for (const from of [JULIET, OTHER, ROMEO]) {
    const query = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    session?.receive(parse(`<iq type='get' id='a' from='${from}' to='${JULIET}'>${query}</iq>`));
  }
  expect(events).toEqual(
    [OTHER, ROMEO].map((from) => ({ event: 'note', text: `${from} was turned away; see --allow` })),
  );
});
