// How a content is secured (XEP-0166 §9). Here: not at all; the seal is in `sealed-offer.ts` and `sealed-answer.ts`.
import { StanzaError } from '../../../session/stanza-error.js';
import type { Element } from '../../../session/xml.js';
import type { Channel } from '../../channel.js';
import { badRequest } from '../../conditions.js';
import type { FileOffer, FileRange } from '../../file-offer.js';
import { SealBroken } from '../../seal/seal-broken.js';
import { type Agreement, readAgreement } from '../agreement.js';
import {
  checksum,
  description,
  type FileDescription,
  NS_FILE_TRANSFER,
  readChecksum,
  received,
} from '../file-description.js';
import { later } from '../session/actions.js';
import type { JingleSession } from '../session/jingle-session.js';
import { type Content, type Reason, unsupportedInfo } from '../stanzas.js';
import type { Described } from '../transports/transport.js';

/** What stands between a channel and the file that it carries. */
export interface Security {
  /** Servers do not read what is said of the file, and of the way that its bytes take. */
  readonly isSealed: boolean;
  /** The channel as the application sees it. */
  wrap(channel: Channel): Channel;
}

/** What the recipient says of the file: that it has it, or why not. */
export type Said = { isReceived: true } | { isReceived: false; reason: Reason };

/** What the answer to an offer says. */
export interface Answered {
  agreed: Agreement;
  /** What is sealed of the transport. */
  inside: Element | undefined;
}

/** How an offer of ours is secured, and what counts that is said of it. */
export interface OfferSecurity extends Security {
  /** The parts of the content that is offered; once. Throws `TooLongToSeal`, and `SealBroken` for a bad key. */
  offer(transport: Described): Element[];
  /** What the answer says. Throws `StanzaError` where it does not fit, or `SealBroken`. */
  answered(answer: Content): Answered;
  /** As much of a reason as servers may read. */
  outside(reason: Reason): Reason;
  /** Why the session has ended, as far as that is believed which the recipient has not sealed. */
  believed(reason: Reason): Reason;
  /** Tells the hashes that the offer did not have, when all bytes have been read. Rejects as `request` does. */
  tellHashes(jingleSession: JingleSession, hashes: ReadonlyMap<string, Buffer>): Promise<void>;
  /** Throws `StanzaError` for what is no news of the file, and `SealBroken`. */
  heard(jingleSession: JingleSession, info: Element): Said;
  /** Whether the end of the Jingle session with success says that the recipient is content. */
  readonly believesSuccess: boolean;
}

/** How an offer of a peer's is secured, and how it is answered. */
export interface AnswerSecurity extends Security {
  /** The sender's public key: 32 bytes. */
  readonly peerKey: Uint8Array | undefined;
  /** What is sealed of the transport that is offered. */
  readonly inside: Element | undefined;
  /** The parts of the content that is accepted; `isDeclined`: so that its sender proves who it is, and hears why not. */
  answer(
    file: FileOffer,
    range: FileRange | undefined,
    transport: Described,
    isDeclined: boolean,
  ): Element[];
  /** The hashes that a session-info tells. Throws `StanzaError`. */
  heard(info: Element): Map<string, Buffer>;
  /** Resolves when nobody but the sender can have sent what comes. */
  proven(stream: Channel): Promise<void>;
  /** The hashes that came with the bytes, all of which have been read. Throws `SealBroken`. */
  toldHashes(): Map<string, Buffer> | undefined;
  /** The element that says that the file is there. `sha256`: 32 bytes. */
  confirmation(jingleSession: JingleSession, sha256: Uint8Array): Element;
  /** The element that says why it is not, where the reason of the Jingle session's end does not. */
  failure(reason: Reason): Element | undefined;
  /** As much of a reason as servers may read. */
  outside(reason: Reason): Reason;
}

/** The bytes travel as they are, and servers see what is said of the file. */
export function plainOffer(offered: Element): OfferSecurity {
  return {
    isSealed: false,
    offer: ({ outside }) => [offered, outside],
    answered: ({ description, security }) => {
      if (description?.getNS() !== NS_FILE_TRANSFER || security) {
        throw badRequest('accept what was offered');
      }
      return { agreed: readAgreement(offered, description), inside: undefined };
    },
    tellHashes: async (jingleSession, hashes) => {
      await jingleSession.inform(checksum(jingleSession.content, hashes)).catch((error) => {
        // Not each peer wants to know; and how the Jingle session ended is told elsewhere.
        if (!(error instanceof StanzaError) && !jingleSession.ended.aborted) throw error;
      });
    },
    heard: ({ content }, info) => {
      if (!info.is('received', NS_FILE_TRANSFER)) throw unsupportedInfo();
      const { name = content.name } = info.attrs;
      if (name !== content.name) throw badRequest('there is no such content');
      return { isReceived: true };
    },
    believesSuccess: true,
    outside: (reason) => reason,
    believed: (reason) => reason,
    wrap: (channel) => channel,
  };
}

/** The other side of `plainOffer`. */
export const PLAIN_ANSWER: AnswerSecurity = {
  isSealed: false,
  peerKey: undefined,
  inside: undefined,
  answer: (file, range, { outside }) => [description(file, range), outside],
  heard: (info) => {
    if (!info.is('checksum', NS_FILE_TRANSFER)) throw unsupportedInfo();
    return readChecksum(info);
  },
  proven: async () => undefined,
  toldHashes: () => undefined,
  confirmation: ({ content }) => received(content),
  failure: () => undefined,
  outside: (reason) => reason,
  wrap: (channel) => channel,
};

/** Takes what a peer says. Bytes that were altered on the way end the Jingle session, and nothing is told but that. */
export function unlessBroken(jingleSession: JingleSession, take: () => void): void {
  try {
    take();
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    later(jingleSession, () => jingleSession.terminate({ condition: 'security-error' }, error));
  }
}

/** A content that a peer offers, once what secures it is off. */
export interface OpenedContent {
  file: FileDescription;
  security: AnswerSecurity;
}

/** Why a content is refused that wants to be secured by what is not known here (§7.4). */
export const NOT_SECURED: Reason = {
  condition: 'security-error',
  text: 'not encrypted end to end',
};
