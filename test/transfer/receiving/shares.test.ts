import { expect, test } from '@jest/globals';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { offer } from '../../../src/protocol/si/stanzas.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { receiveOn } from '../../../src/transfer/receiving/daemon.js';
import { Quotas } from '../../../src/transfer/receiving/quotas.js';
import { JULIET, linkedSessions, ROMEO } from '../../support/linked-sessions.js';
import { MemoryInbox } from '../../support/memory-inbox.js';

/** Juliet receives what any account offers her by SI; her answer to each is what its condition says. */
function receiving(maxTransfers: number) {
  let speaker = ROMEO;
  const [romeo, juliet] = linkedSessions((stanza, deliver) => {
    if (stanza.attrs.from === ROMEO) stanza.attrs.from = speaker;
    deliver(stanza);
  });
  const ended = receiveOn(
    { session: juliet, admit: () => true, quotas: new Quotas(maxTransfers) },
    new Map(),
    {
      ...{ inbox: new MemoryInbox(), registry: new HandlerRegistry(), once: false },
      ...{ signal: new AbortController().signal, now: () => new Date(0), exitCodeOf: () => 1 },
      ...{ report: () => undefined, onArrived: async () => undefined },
    },
  );
  let count = 0;
  const offers = (peer: string) => {
    speaker = peer;
    count += 1;
    return romeo
      .request('set', JULIET, offer(`s${count}`, { name: `${count}`, size: 6 }))
      .then(() => 'accepted')
      .catch(({ condition }) => condition);
  };
  const end = async () => {
    juliet.end(new ConnectionLost('cut'));
    await ended.catch(() => undefined);
  };
  return { offers, end };
}

test('an account that takes all places that it can get leaves others theirs (R104)', async () => {
  const { offers, end } = receiving(4);
  const answers: string[] = [];
  for (const peer of ['mallory@x/1', 'mallory@x/2', 'mallory@x/3', 'nurse@y/1', 'paris@z/1']) {
    answers.push(await offers(peer));
  }
  expect(answers).toEqual(['accepted', 'accepted', 'resource-constraint', 'accepted', 'accepted']);
  expect(await offers('late@x/1')).toBe('resource-constraint');
  await end();
});
