import { expect, test } from '@jest/globals';
import type { Event } from '../../../src/transfer/events.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { Receptions, type ReceptionsOptions } from '../../../src/transfer/receiving/receptions.js';
import type { IncomingOffer } from '../../../src/transfer/ways/incoming.js';
import { JULIET } from '../../support/linked-sessions.js';

test('a file for which there is no place is put off, with a note', () => {
  const told: Event[] = [];
  const receptions = new Receptions({
    ...{ places: { takeRoom: () => false }, quotas: new Quotas(4), running: new Map() },
    ...{ work: { isWanted: false }, report: (event: Event) => told.push(event) },
  } as unknown as ReceptionsOptions);
  let isPostponed = false;
  const postpone = () => {
    isPostponed = true;
  };
  const offer = { name: 'letter.txt', size: 6 };
  void receptions.take({ peer: JULIET, offer, postpone } as unknown as IncomingOffer);
  expect(isPostponed).toBe(true);
  const text = `${JULIET} was asked to come later: as many transfers as may be are under way`;
  expect(told).toEqual([{ event: 'note', text }]);
});
