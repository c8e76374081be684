import { expect, test } from '@jest/globals';
import { formatKey } from '../../../src/protocol/seal/public-key.js';
import { withHints } from '../../../src/session/hints.js';
import { bareJid } from '../../../src/session/jid.js';
import type { Event } from '../../../src/transfer/events.js';
import { anotherKey } from '../../../src/transfer/keys/trusted-keys.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { FilesUnderWay } from '../../../src/transfer/receiving/files-under-way.js';
import { receiveOne } from '../../../src/transfer/receiving/reception.js';
import type { IncomingOffer } from '../../../src/transfer/ways/incoming.js';
import { JULIET } from '../../support/linked-sessions.js';
import { ManualClock } from '../../support/manual-clock.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { keyOfNumber } from '../../support/sealing.js';

/** What is told of an offer whose bytes do not come. */
async function toldOf(
  offer: IncomingOffer['offer'],
  inbox = new MemoryInbox(),
  refused?: Error,
): Promise<Event[]> {
  const told: Event[] = [];
  const refuse = async () => {
    throw new Error('nobody is there');
  };
  const file = {
    ...{ peer: JULIET, offer, ranged: true, hashFunctions: [] },
    ...{ accept: refuse, fail: () => undefined },
  } as unknown as IncomingOffer;
  const judged = { secrecy: { encrypted: false }, isOurs: false, proven: async () => undefined };
  await receiveOne(
    file,
    {
      ...{ inbox, knows: () => false, underWay: new FilesUnderWay(new ManualClock()) },
      ...{ limits: new Quotas(4).transfers, signal: new AbortController().signal },
      ...{ report: (event: Event) => told.push(event), exitCodeOf: () => 7, isDue: false },
      judge: async () => (refused ? Promise.reject(refused) : (judged as never)),
      isNews: () => true,
    },
    false,
  );
  return told;
}

test('a file without a name that does not arrive is called so', async () => {
  const [failed] = await toldOf({ name: '', size: 6 });
  expect(failed).toMatchObject({
    event: 'failed',
    error: `a file without a name from ${JULIET} did not arrive: nobody is there`,
  });
});

test('where the key of its sender is another one, what can be done is told as to a sender (R1173)', async () => {
  const { publicKey } = keyOfNumber(3);
  const jid = bareJid(JULIET);
  const [failed] = await toldOf({ name: 'a' }, new MemoryInbox(), anotherKey(jid, publicKey));
  expect(failed).toMatchObject({
    error: expect.stringContaining(`has another key than before: ${formatKey(publicKey)}`),
    hints: [
      `ask them in another way what "inband key" shows there; if it is this one: inband trust add ${jid}`,
      `the known ones: inband trust list ${jid}`,
    ],
  });
  // What helps a sender is not for us.
  const busy = withHints(new Error('busy'), 'send it again');
  const [other] = await toldOf({ name: 'a' }, new MemoryInbox(), busy);
  expect(other).not.toHaveProperty('hints');
});

test('what is kept of a file is read again, which is told, as that may take long', async () => {
  const inbox = new MemoryInbox();
  inbox.keptOf = () => 4;
  const told = await toldOf({ name: 'letter.txt', size: 6 }, inbox);
  expect(told).toContainEqual(
    expect.objectContaining({
      event: 'pending',
      text: 'reading again what is kept of letter.txt',
    }),
  );
});
