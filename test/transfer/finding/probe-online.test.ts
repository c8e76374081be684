import { expect, test } from '@jest/globals';
import type { Element } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { probeOnline } from '../../../src/transfer/finding/probe-online.js';
import { RecipientUnreachable } from '../../../src/transfer/recipient-errors.js';
import { JULIET, linkedSessions } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { sendingBy } from '../../support/sealing.js';

test('who is asked what it can do is told, as it was typed', async () => {
  const [session] = linkedSessions();
  const told: Event[] = [];
  const probe = await probeOnline(JULIET, {
    ...{ connect: async () => session, report: (event: Event) => told.push(event) },
    ...{
      signal: new AbortController().signal,
      sealing: sendingBy({ encrypt: 'auto' }),
      lane: undefined,
    },
  });
  expect(probe.resources).toEqual([]);
  expect(told).toContainEqual(
    expect.objectContaining({ event: 'pending', text: `asking ${JULIET}` }),
  );
});

test('that nobody is there is told, though the connection is cut while the server is asked about uploads (R1327)', async () => {
  const clock = new ManualClock();
  const asksUploads = (stanza: Element) =>
    stanza.attrs.to === 'montague.example' && stanza.is('iq') && stanza.attrs.type === 'get';
  const [session] = linkedSessions((stanza, deliver) => {
    if (!asksUploads(stanza)) deliver(stanza);
  });
  const probed = probeOnline(JULIET, {
    ...{ connect: async () => session, report: () => undefined, lane: undefined, clock },
    ...{
      signal: new AbortController().signal,
      sealing: sendingBy({ encrypt: 'auto' }),
    },
  });
  await settled();
  session.suspend();
  await clock.advance(20_000);
  expect((await probed).nobody).toBeInstanceOf(RecipientUnreachable);
});
