// The handshake of a seal: its first message offers a file, its second one takes it. docs/seal.md, "Handshake".
import type { CipherState } from '../noise/cipher-state.js';
import type { KeyPair } from '../noise/dh25519.js';
import { HandshakeState } from '../noise/handshake-state.js';
import { pad, unpad } from './padding.js';
import { opening, SealBroken } from './seal-broken.js';

/** The feature of those who open seals, and the namespace of these (docs/seal.md). */
export const NS_SEAL = 'urn:x-inband:seal:0';

/** Bytes of a handshake message. */
export const MOST_OF_HANDSHAKE = 8192;

/** Two public keys, two tags and what makes it a multiple of the padding are taken off: 31 times 256 bytes. */
const MOST_OF_PAYLOAD = 7936;

/** The two parties and their Jingle session: neither message opens for anybody else, or for another one. */
export interface Parties {
  /** Full JIDs, byte for byte as the servers wrote them: the own bound one, and the `from` of the other. */
  initiator: string;
  responder: string;
  /** The Jingle session's sid. */
  sid: string;
}

/** The keys of what the initiator sends (the file), and of what the responder sends (verdicts). */
export type SealKeys = [initiators: CipherState, responders: CipherState];

export interface SealOffer {
  /** For the responder. */
  message: Buffer;
  /** Opens the responder's message; once. Throws `SealBroken`. */
  answered(message: Uint8Array): { payload: string; keys: SealKeys };
}

/** As the initiator. Throws `TooLongToSeal`, RangeError for parties that there cannot be, and `SealBroken` for a bad key. */
export function offerSeal(
  parties: Parties,
  { own, peer, payload }: { own: KeyPair; peer: Uint8Array; payload: string },
): SealOffer {
  const options = { prologue: prologueOf(parties), s: own, rs: peer };
  const handshake = new HandshakeState('initiator', options);
  return {
    message: opening(() => handshake.writeMessage(pad(payload, MOST_OF_PAYLOAD))),
    answered: (message) => ({
      payload: opening(() => unpad(handshake.readMessage(bounded(message)))),
      keys: handshake.split(),
    }),
  };
}

/** What a first message says, once it is opened. It can be a copy, and by itself must have no effect. */
export interface OpenedOffer {
  payload: string;
  /** The initiator's lasting key: 32 bytes. */
  peer: Uint8Array;
  /** Writes the second message; once. Throws `TooLongToSeal`. */
  answer(payload: string): { message: Buffer; keys: SealKeys };
}

/** As the responder. Throws RangeError for parties that there cannot be, and `SealBroken`. */
export function openOffer(parties: Parties, own: KeyPair, message: Uint8Array): OpenedOffer {
  const handshake = new HandshakeState('responder', { prologue: prologueOf(parties), s: own });
  const payload = opening(() => unpad(handshake.readMessage(bounded(message))));
  const peer = handshake.remoteStatic as Uint8Array;
  // X25519 takes no notice of that bit, so that one key would have two forms.
  if (((peer.at(-1) ?? 0) & 0x80) !== 0) throw new SealBroken();
  return {
    payload,
    peer,
    answer: (answer) => ({
      message: opening(() => handshake.writeMessage(pad(answer, MOST_OF_PAYLOAD))),
      keys: handshake.split(),
    }),
  };
}

/** A NUL would make two different parties look the same. */
function prologueOf({ initiator, responder, sid }: Parties): Buffer {
  const parts = [NS_SEAL, initiator, responder, sid];
  if (parts.some((part) => part.includes('\0'))) throw new RangeError('a NUL in an address or sid');
  return Buffer.from(parts.join('\0'));
}

function bounded(message: Uint8Array): Uint8Array {
  if (message.length > MOST_OF_HANDSHAKE) throw new SealBroken();
  return message;
}
