// A sealed file, as the initiator. docs/seal.md.
import type { Element } from '../../../session/xml.js';
import type { Channel } from '../../channel.js';
import type { FileOffer, FileRange } from '../../file-offer.js';
import type { KeyPair } from '../../noise/dh25519.js';
import { offerSeal, type Parties, type SealOffer } from '../../seal/handshake.js';
import { Seal } from '../../seal/seal.js';
import { SealBroken } from '../../seal/seal-broken.js';
import type { SealedChannel } from '../../seal/sealed-channel.js';
import { elementOf, xmlText } from '../../seal/sealed-xml.js';
import { readAgreement } from '../agreement.js';
import { checksum, description, NS_FILE_TRANSFER, toldHashes } from '../file-description.js';
import type { JingleSession } from '../session/jingle-session.js';
import { type Content, type Reason, unsupportedInfo } from '../stanzas.js';
import type { Described } from '../transports/transport.js';
import type { Answered, OfferSecurity, Said } from './security.js';
import {
  fitting,
  isDeclined,
  isSealed,
  outsideOffer,
  readSecurity,
  reasonWithin,
  securityElement,
  transportIn,
  withBeside,
} from './security-element.js';

/** Throws RangeError for a seal that is named and not there: whoever names one does not want the file in the clear. */
export function checkSeal(options: { seal?: SealedTo }): void {
  const { seal } = options;
  if (!('seal' in options) || (typeof seal === 'object' && seal !== null)) return;
  throw new RangeError('seal is to be a SealedTo; left out, the file travels as it is');
}

/** By which key a file is sealed, and for which one: 32 bytes. */
export interface SealedTo {
  /** Ours. */
  own: KeyPair;
  /** The recipient's, as it has announced it: `announcedKey`. */
  peer: Uint8Array;
  /** Deflate what shrinks. */
  mayDeflate: boolean;
}

export class SealedOffer implements OfferSecurity {
  readonly isSealed = true;
  readonly believesSuccess = false;
  readonly #offered: Element;
  readonly #parties: Parties;
  readonly #sealedTo: SealedTo;
  #offer: SealOffer | undefined;
  readonly #hasChecksum: boolean;
  #sha256: Buffer | undefined;
  #seal: Seal | undefined;
  #channel: SealedChannel | undefined;
  /** What the recipient has sealed that it does not keep the file for. */
  #failure: Reason | undefined;

  /** `range`: any part may be asked for. */
  constructor(file: FileOffer, range: FileRange | undefined, parties: Parties, sealedTo: SealedTo) {
    const hashes = new Map(toldHashes(file.hashes));
    this.#hasChecksum = hashes.size === 0;
    this.#sha256 = hashes.get('sha-256');
    this.#parties = parties;
    this.#sealedTo = sealedTo;
    this.#offered = description(file, range);
  }

  offer({ outside, inside }: Described): Element[] {
    const { own, peer } = this.#sealedTo;
    const payload = xmlText(withBeside(this.#offered, inside));
    this.#offer = offerSeal(this.#parties, { own, peer, payload });
    return [outsideOffer(), outside, securityElement(this.#offer.message)];
  }

  answered({ security }: Content): Answered {
    // Without a seal it is not the answer of whom it was sealed for.
    if (!security || !this.#offer) throw new SealBroken();
    const { payload, keys } = this.#offer.answered(readSecurity(security));
    const answer = elementOf(payload);
    if (answer.getNS() !== NS_FILE_TRANSFER) throw new SealBroken();
    const agreed = fitting(() => readAgreement(this.#offered, answer));
    const { mayDeflate } = this.#sealedTo;
    const options = { hasChecksum: this.#hasChecksum, mayDeflate, toCome: agreed.toCome };
    this.#seal = new Seal('initiator', keys, options);
    const inside = transportIn(answer);
    return { agreed: { ...agreed, isDeclined: isDeclined(answer) }, inside };
  }

  /** A text could tell of the file. */
  outside({ condition }: Reason): Reason {
    return { condition };
  }

  /** Once there is an answer, the recipient seals what it says of the file; anybody could have said the rest. */
  believed(reason: Reason): Reason {
    // The end may come with the verdict, and be looked at before what follows from that.
    if (this.#failure) return this.#failure;
    const isOver = reason.condition === 'success' || reason.condition === 'gone';
    return this.#seal && !isOver ? { condition: 'general-error' } : reason;
  }

  wrap(channel: Channel): Channel {
    if (!this.#seal) throw new Error('nobody has answered the offer');
    this.#channel = this.#seal.wrap(channel);
    return this.#channel;
  }

  async tellHashes({ content }: JingleSession, hashes: ReadonlyMap<string, Buffer>): Promise<void> {
    this.#sha256 = hashes.get('sha-256');
    this.#channel?.tellChecksum(xmlText(checksum(content, hashes)));
  }

  heard(_jingleSession: JingleSession, info: Element): Said {
    if (!this.#seal || !isSealed(info)) throw unsupportedInfo();
    const verdict = this.#seal.verdicts.open(readSecurity(info));
    if (verdict.said === 'failed') {
      this.#failure = reasonWithin(verdict.condition);
      return { isReceived: false, reason: this.#failure };
    }
    if (this.#sha256?.equals(verdict.sha256)) return { isReceived: true };
    return { isReceived: false, reason: { condition: 'media-error' } };
  }
}
