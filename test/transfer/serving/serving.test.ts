import { expect, test } from '@jest/globals';
import { memoryRegistry } from '../../../src/protocol/bob/memory-blobs.js';
import { StanzaSession } from '../../../src/session/stanza-session.js';
import type { Event } from '../../../src/transfer/events.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { startServing } from '../../../src/transfer/serving/serving.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';

const OTHER = 'juliet@capulet.example/chamber';

const QUERY = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const PING = "<ping xmlns='urn:xmpp:ping'/>";

/** What Juliet's user is told of requests that come after she is ready, or before. */
async function toldOf(requests: [from: string, payload: string][], isEarly = false) {
  const events: Event[] = [];
  const ask = (session: StanzaSession) => {
    for (const [from, payload] of requests)
      session.receive(parse(`<iq type='get' id='a' from='${from}' to='${JULIET}'>${payload}</iq>`));
  };
  const { session } = await startServing({
    connect: async (as) => {
      const transport = { write: async () => undefined, close: async () => undefined };
      const connected = new StanzaSession(JULIET, transport, as);
      if (isEarly) ask(connected);
      return connected;
    },
    report: (event) => void events.push(event),
    registry: memoryRegistry(),
    quotas: new Quotas(4),
    allow: ['mercutio@montague.example'],
  });
  if (!isEarly) ask(session as StanzaSession);
  return events;
}

const note = (from: string) => ({
  event: 'note',
  text: `inband did not let ${from} in; see --allow`,
});

test('nobody is told of what comes from the session itself, and of others one is (R1251)', async () => {
  expect(await toldOf([JULIET, OTHER, ROMEO].map((from) => [from, PING]))).toEqual(
    [OTHER, ROMEO].map(note),
  );
});

test('a stranger who may want to send is told of once without --verbose, with what would help (R1286)', async () => {
  const romeo = 'romeo@montague.example';
  const text = `inband did not let ${ROMEO} in; to let them in, add --allow ${romeo}`;
  const events = await toldOf([ROMEO, ROMEO].map((from) => [from, QUERY]));
  expect(events).toEqual([{ event: 'notice', text }, note(ROMEO)]);
});

test('who comes before it is known who is let in may be let in, and is no news (R1286)', async () => {
  expect(await toldOf([[ROMEO, QUERY]], true)).toEqual([note(ROMEO)]);
});
