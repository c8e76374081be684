import { expect, test } from '@jest/globals';
import type { Event } from '../../../src/transfer/events.js';
import { probeOnline } from '../../../src/transfer/finding/probe-online.js';
import { JULIET, linkedSessions } from '../../support/linked-sessions.js';
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
