import { expect, test } from '@jest/globals';
import type { Entry } from '../../../src/transfer/receiving/files-under-way.js';
import { Proof } from '../../../src/transfer/receiving/proof.js';
import type { IncomingOffer } from '../../../src/transfer/ways/incoming.js';

function proofFor(peerKey: Buffer | undefined) {
  const done: string[] = [];
  const entry: Entry = { moved: () => undefined, reached: () => undefined, leave: () => undefined };
  const judged = {
    ...{ secrecy: { encrypted: false } as const, isOurs: false },
    proven: async () => void done.push('proven'),
  };
  const proof = new Proof({ peerKey } as IncomingOffer, judged, {
    enter: async () => {
      done.push('entered');
      return entry;
    },
    letEnd: async () => {
      done.push('waited');
      return 40;
    },
  });
  return { proof, done, entry };
}

test('a sealed offer is not under way, and replaces no transfer, before it is proven (R530)', async () => {
  const { proof, done, entry } = proofFor(Buffer.alloc(32, 1));
  await proof.begin();
  expect([proof.isGiven, proof.entry, done]).toEqual([false, undefined, ['waited']]);
  expect(proof.left).toBe(40);
  await proof.giveAndEnter();
  expect([proof.isGiven, proof.entry, done]).toEqual([
    true,
    entry,
    ['waited', 'proven', 'entered'],
  ]);
});

test('a file that is there already is not under way at all', async () => {
  const { proof, done } = proofFor(Buffer.alloc(32, 1));
  await proof.begin();
  await proof.give();
  expect([proof.isGiven, proof.entry, done]).toEqual([true, undefined, ['waited', 'proven']]);
});

test('what is not sealed needs no proof', async () => {
  const { proof, done, entry } = proofFor(undefined);
  await proof.begin();
  expect([proof.isGiven, proof.entry, done]).toEqual([true, entry, ['entered']]);
});
