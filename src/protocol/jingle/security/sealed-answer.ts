// A sealed file, as the responder. docs/seal.md.
import { once } from 'node:events';
import { type Element, xml } from '../../../session/xml.js';
import { type Channel, ChannelBroken } from '../../channel.js';
import type { FileOffer, FileRange } from '../../file-offer.js';
import { hasHash } from '../../hashes/hash-elements.js';
import type { KeyPair } from '../../noise/dh25519.js';
import { type OpenedOffer, openOffer, type Parties } from '../../seal/handshake.js';
import { Seal } from '../../seal/seal.js';
import { SealBroken } from '../../seal/seal-broken.js';
import type { SealedChannel } from '../../seal/sealed-channel.js';
import { elementOf, xmlText } from '../../seal/sealed-xml.js';
import type { SealedVerdict } from '../../seal/verdicts.js';
import {
  description,
  type FileDescription,
  NS_FILE_TRANSFER,
  readChecksum,
  readDescription,
} from '../file-description.js';
import type { JingleSession } from '../session/jingle-session.js';
import { type Reason, unsupportedInfo } from '../stanzas.js';
import type { Described } from '../transports/transport.js';
import type { AnswerSecurity } from './security.js';
import {
  declined,
  fitting,
  outsideAnswer,
  readSecurity,
  securityElement,
  transportIn,
  withBeside,
  wordOf,
} from './security-element.js';

/** What an answer has of a description: the rest is known to the sender, and may just have fitted into the offer. */
function wanted(told: Element): Element {
  const [file] = told.getChildren('file');
  const parts = file?.getChildElements().filter((one) => SAID_BACK.has(one.getName())) ?? [];
  return xml('description', { xmlns: NS_FILE_TRANSFER }, xml('file', {}, ...parts));
}

const SAID_BACK = new Set(['range', 'already-there']);

/** What may be said of an offer in the clear. */
const SAID_OUTSIDE = new Set(['busy', 'gone', 'security-error']);

export class SealedAnswer implements AnswerSecurity {
  readonly isSealed = true;
  readonly inside: Element | undefined;
  /** As the sender has described it. */
  readonly file: FileDescription;
  readonly peerKey: Uint8Array;
  readonly #opened: OpenedOffer;
  readonly #hasChecksum: boolean;
  #seal: Seal | undefined;
  #channel: SealedChannel | undefined;
  /** A verdict was given: another one would tell that there were two. */
  #hasSpoken = false;

  /** Throws `SealBroken`. */
  constructor(parties: Parties, own: KeyPair, security: Element) {
    this.#opened = openOffer(parties, own, readSecurity(security));
    this.peerKey = this.#opened.peer;
    const told = elementOf(this.#opened.payload);
    if (!told.is('description', NS_FILE_TRANSFER)) throw new SealBroken();
    this.file = fitting(() => readDescription(told));
    const [file] = told.getChildren('file');
    this.#hasChecksum = !(file && hasHash(file));
    this.inside = transportIn(told);
  }

  answer(
    file: FileOffer,
    range: FileRange | undefined,
    { outside, inside }: Described,
    isDeclined: boolean,
  ): Element[] {
    const no = isDeclined ? declined() : undefined;
    const told = withBeside(wanted(description(file, range)), inside, no);
    const { message, keys } = this.#opened.answer(xmlText(told));
    this.#seal = new Seal('responder', keys, { hasChecksum: this.#hasChecksum });
    return [outsideAnswer(), outside, securityElement(message)];
  }

  wrap(channel: Channel): Channel {
    if (!this.#seal) throw new Error('the offer was not answered');
    this.#channel = this.#seal.wrap(channel);
    return this.#channel;
  }

  heard(): never {
    throw unsupportedInfo();
  }

  /** The first message of the bytes: the offer alone can be a copy. */
  async proven(stream: Channel): Promise<void> {
    // It may have ended before its first message was waited for.
    if (stream.destroyed) throw stream.errored ?? ChannelBroken.byEarlyClose(0);
    const over = new AbortController();
    stream.once('close', () => over.abort());
    try {
      await once(stream, 'readable', { signal: over.signal });
    } catch (error) {
      throw stream.errored ?? (over.signal.aborted ? ChannelBroken.byEarlyClose(0) : error);
    }
  }

  toldHashes(): Map<string, Buffer> | undefined {
    const checksum = this.#channel?.checksum;
    return checksum === undefined ? undefined : fitting(() => readChecksum(elementOf(checksum)));
  }

  confirmation(_jingleSession: JingleSession, sha256: Uint8Array): Element {
    return this.#verdict({ said: 'received', sha256: Buffer.from(sha256) }) as Element;
  }

  failure(reason: Reason): Element | undefined {
    return this.#hasSpoken
      ? undefined
      : this.#verdict({ said: 'failed', condition: wordOf(reason) });
  }

  /**
   * Before the answer servers read whether it may be offered again, and after a verdict nothing: what it says would
   * tell of the file.
   */
  outside({ condition }: Reason): Reason {
    if (this.#seal) return { condition: 'cancel' };
    return { condition: SAID_OUTSIDE.has(condition) ? condition : 'decline' };
  }

  /** Before the answer there is no key for one. */
  #verdict(verdict: SealedVerdict): Element | undefined {
    if (!this.#seal) return undefined;
    this.#hasSpoken = true;
    return securityElement(this.#seal.verdicts.seal(verdict));
  }
}
