import { expect, test } from '@jest/globals';
import { identityOf } from '../../../src/transfer/receiving/identity.js';
import type { IncomingOffer } from '../../../src/transfer/ways/incoming.js';
import { ROMEO } from '../../support/linked-sessions.js';

/** As much of an offer as says what it is of. */
const offerBy = (peerKey?: Uint8Array) =>
  ({
    ...{ peer: ROMEO, ranged: true, peerKey },
    offer: { name: 'a', size: 6, hashes: new Map([['sha-256', Buffer.alloc(32)]]) },
  }) as unknown as IncomingOffer;

test('what a key has brought is gone on with by that key alone (R374)', () => {
  const [plain, one, other] = [undefined, Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((key) =>
    identityOf(offerBy(key)),
  );
  expect(new Set([plain, one, other]).size).toBe(3);
  expect(identityOf(offerBy(Buffer.alloc(32, 1)))).toBe(one);
});
