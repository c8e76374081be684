import type { SealedTo } from '../../protocol/jingle/security/sealed-offer.js';
import type { Recipient } from '../ways/way.js';
import type { Secrecy } from './rules.js';

/** How a recipient is to be offered one file. */
export interface SealedRecipient {
  /** With the ways that are left. */
  recipient: Recipient;
  seal?: SealedTo;
  secrecy: Secrecy;
  /** To be called before each offer. Throws `NotSealed` where it would go out in the clear, and a key was seen since. */
  mayOffer(): void;
  /** To be called when it has answered with its key. Rejects with `KeyNotTrusted`. */
  answered(): Promise<void>;
}

/** In the clear. */
export const plain = (recipient: Recipient, mayOffer: () => void): SealedRecipient => ({
  ...{ recipient, mayOffer },
  secrecy: { encrypted: false },
  answered: async () => undefined,
});
