import { generateKeyPair } from '../../../src/protocol/noise/dh25519.js';
import { MOST_OF_CHUNK } from '../../../src/protocol/seal/chunks.js';
import {
  offerSeal,
  openOffer,
  type Parties,
  type SealKeys,
} from '../../../src/protocol/seal/handshake.js';
import { Seal } from '../../../src/protocol/seal/seal.js';
import type { SealOptions } from '../../../src/protocol/seal/sealed-file.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';

export const PARTIES: Parties = { initiator: ROMEO, responder: JULIET, sid: 's1' };

/** The keys that Romeo, who offers a file, and Juliet have after a handshake. */
export function shakeHands(): { his: SealKeys; hers: SealKeys } {
  const [romeo, juliet] = [generateKeyPair(), generateKeyPair()];
  const keys = { own: romeo, peer: juliet.publicKey };
  const offer = offerSeal(PARTIES, { ...keys, payload: '<description/>' });
  const opened = openOffer(PARTIES, juliet, offer.message);
  const answer = opened.answer('<range/>');
  return { his: offer.answered(answer.message).keys, hers: answer.keys };
}

/** What both have of it. */
export function pairOfSeals(options: Partial<SealOptions> = {}): { his: Seal; hers: Seal } {
  const { his, hers } = shakeHands();
  const all = { hasChecksum: false, ...options };
  return { his: new Seal('initiator', his, all), hers: new Seal('responder', hers, all) };
}

/** The bytes of a file as they are to be written, so that each is a message. */
export const messagesOf = (file: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(file.length / MOST_OF_CHUNK) }, (_, at) =>
    file.subarray(at * MOST_OF_CHUNK, (at + 1) * MOST_OF_CHUNK),
  );
