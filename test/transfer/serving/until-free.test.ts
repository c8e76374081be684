import { expect, test } from '@jest/globals';
import { answerDiscovery } from '../../../src/protocol/disco.js';
import { bareJid } from '../../../src/session/jid.js';
import { xml } from '../../../src/session/xml.js';
import { untilFree } from '../../../src/transfer/serving/until-free.js';
import { JULIET, linkedSessions, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const SERVER = 'romeo@montague.example/inband';

/** Waits for a resource whose server is played by the other side: what is sent to nobody comes back. */
function waiting() {
  const clock = new ManualClock();
  const interrupt = new AbortController();
  const [romeo, server] = linkedSessions((stanza, deliver) => {
    const { from, type } = stanza.attrs;
    // His account, or whoever there is, speaks by her.
    if (from === JULIET) stanza.attrs.from = type === 'unavailable' ? SERVER : bareJid(ROMEO);
    deliver(stanza);
  });
  let [isThere, isFree] = [true, false];
  const looks: string[] = [];
  answerDiscovery(server, {
    identity: { category: 'account', type: 'registered', name: '' },
    features: [],
  });
  server.onMessage(({ attrs: { id, to, type } }) => {
    looks.push(`${type} ${to}`);
    if (!isThere) void server.send(xml('message', { type: 'error', id, to: ROMEO }));
  });
  const outcome = untilFree(romeo, SERVER, interrupt.signal, clock).then(() => {
    isFree = true;
  });
  return {
    ...{ clock, looks, outcome, interrupt, server },
    leave: () => {
      isThere = false;
    },
    isFree: () => isFree,
  };
}

test('a resource that is taken is looked for each minute until it is free (R87)', async () => {
  const { clock, looks, leave, isFree } = waiting();
  await clock.advance(59_000);
  expect(looks).toEqual([]);
  await clock.advance(4 * 60_000);
  expect([looks.length, isFree()]).toEqual([4, false]);
  leave();
  await clock.advance(60_000);
  expect(isFree()).toBe(true);
  expect(new Set(looks)).toEqual(new Set([`groupchat ${SERVER}`]));
});

test('when its end is seen, it is looked for at once (R87)', async () => {
  const { leave, isFree, server } = waiting();
  leave();
  await settled();
  expect(isFree()).toBe(false);
  await server.send(xml('presence', { type: 'unavailable' }));
  await settled();
  expect(isFree()).toBe(true);
});

test('waiting for it ends with the session', async () => {
  const { interrupt, outcome } = waiting();
  await settled();
  interrupt.abort(new Error('over'));
  await expect(outcome).rejects.toThrow('over');
});
