import { generateKeyPair, type KeyPair } from '../../../src/protocol/noise/dh25519.js';
import { HandshakeState } from '../../../src/protocol/noise/handshake-state.js';

export interface Parties {
  initiator: HandshakeState;
  responder: HandshakeState;
  /** The lasting keys of each. */
  hers: KeyPair;
  his: KeyPair;
}

/** An initiator, her, and a responder, him, who have said nothing yet. */
export function createParties(prologue = Buffer.from('a prologue')): Parties {
  const [hers, his] = [generateKeyPair(), generateKeyPair()];
  const initiator = new HandshakeState('initiator', { prologue, s: hers, rs: his.publicKey });
  const responder = new HandshakeState('responder', { prologue, s: his });
  return { initiator, responder, hers, his };
}

/** What both know when they have shaken hands. */
export function shakeHands({ initiator, responder }: Parties = createParties()) {
  responder.readMessage(initiator.writeMessage(Buffer.alloc(0)));
  initiator.readMessage(responder.writeMessage(Buffer.alloc(0)));
  return { initiators: initiator.split(), responders: responder.split() };
}
