import { expect, test } from '@jest/globals';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { offer } from '../../../src/protocol/si/stanzas.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { receiveOn } from '../../../src/transfer/receiving/daemon.js';
import type { Running } from '../../../src/transfer/receiving/places.js';
import { JULIET, linkedSessions, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { workFor } from '../../support/programs/work.js';
import { receivingBy, relationOf, standingOf } from '../../support/sealing.js';

/**
 * Juliet receives what any account offers her by SI, each time another file unless it has a number; her answer to each is
 * what its condition says.
 */
function receiving(maxTransfers: number) {
  let speaker = ROMEO;
  const [romeo, juliet] = linkedSessions((stanza, deliver) => {
    if (stanza.attrs.from === ROMEO) stanza.attrs.from = speaker;
    deliver(stanza);
  });
  const running: Running = new Map();
  const inbox = new MemoryInbox();
  const ended = receiveOn(
    {
      ...{
        session: juliet,
        admit: () => true,
        knows: () => true,
        mayLink: () => false,
        linkers: () => [],
      },
      ...{ standingOf, relationOf },
      quotas: new Quotas(maxTransfers),
    },
    running,
    {
      ...{ inbox, work: workFor(inbox), registry: new HandlerRegistry(), once: false },
      ...{ signal: new AbortController().signal, now: () => new Date(0), exitCodeOf: () => 1 },
      ...{ report: () => undefined, sealing: receivingBy() },
    },
  );
  let count = 0;
  const offers = (peer: string, number?: number) => {
    speaker = peer;
    count += 1;
    const hashes = new Map(number === undefined ? [] : [['md5', Buffer.alloc(16, number)]]);
    return romeo
      .request('set', JULIET, offer(`s${count}`, { name: `${count}`, size: 6, hashes }))
      .then(() => 'accepted')
      .catch(({ condition }) => condition);
  };
  const end = async () => {
    juliet.end(new ConnectionLost('cut'));
    await ended.catch(() => undefined);
  };
  return { offers, running, end };
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

// Each of the two that it had counted twice for five seconds, again and again: nobody else got in.
test('an account that offers its own files anew takes no more places by that (R104)', async () => {
  const { offers, running, end } = receiving(4);
  for (const number of [1, 2]) expect(await offers('mallory@x/1', number)).toBe('accepted');
  expect(await offers('mallory@x/1', 3)).toBe('resource-constraint');
  const anew = [1, 2].map((number) => offers('mallory@x/2', number));
  await settled();
  // They wait for the earlier ones to give way, and share their places until then.
  expect(running.size).toBe(4);
  expect(new Set(running.values()).size).toBe(2);
  expect(await offers('nurse@y/1', 9)).toBe('accepted');
  expect(await offers('paris@z/1', 9)).toBe('accepted');
  expect(await offers('late@x/1', 9)).toBe('resource-constraint');
  await end();
  await Promise.all(anew);
  expect(running.size).toBe(0);
});
