import { type FileOffer, nameOf } from '../../protocol/file-offer.js';
import { xmlText } from '../../session/xml.js';
import { timeInWords } from '../attempts/time-in-words.js';
import type { Secrecy } from '../keys/rules.js';
import { leavesOthers, notThere } from '../recipient-errors.js';
import { FolderUnknown, plainOffer, type Source } from '../sources/source.js';
import { safe } from '../ways/caution.js';
import type { TransferSettings } from '../ways/settings.js';
import type { Accepted, OfferOptions, Recipient, Way } from '../ways/way.js';
import { WAYS } from '../ways/ways.js';
import type { JobOptions } from './job-options.js';
import type { Reached, SendingLine } from './line.js';
import { offerTo } from './offer-to.js';
import type { Slot } from './slots.js';
import type { Telling } from './telling.js';

/** What the user is told of the file, however it is offered. */
const HASH = 'sha-256';

/** A file that a recipient has accepted, as it was offered. */
interface Offered {
  offer: FileOffer;
  accepted: Accepted;
  secrecy: Secrecy;
}

type OfferedTo = Offered & { recipient: Recipient };

/** What ends an attempt, and hears that the recipient is at work. */
type Attempt = Pick<OfferOptions, 'signal' | 'onWork'>;

/** Offers one file, for each attempt again: to whoever may take it, until somebody has, and then as it was accepted. */
export class Offering {
  readonly #source: Source;
  readonly #line: SendingLine;
  readonly #options: JobOptions;
  readonly #telling: Telling;
  #offer: FileOffer | undefined;
  /** Without hashes; the same for each attempt, by which it is known again. */
  readonly #plain: FileOffer;
  /** How the recipient has accepted it, once it has. */
  #way: Way | undefined;
  #wasWanted = false;
  /** The full JID of the one who has accepted it last. */
  #peer: string | undefined;
  #isKept = false;

  constructor(source: Source, line: SendingLine, options: JobOptions, telling: Telling) {
    this.#source = source;
    this.#plain = plainOffer(source);
    this.#line = line;
    this.#options = options;
    this.#telling = telling;
  }

  /** Somebody wants the file, whatever became of the channel. */
  get wasWanted(): boolean {
    return this.#wasWanted;
  }

  /** Somebody has said so, though the channel did not come about. */
  isWanted(): void {
    this.#wasWanted = true;
  }

  /** What arrives stays with the recipient until the next time. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** Rejects as `reach` of the line and `Offer` do. */
  async offer(slot: Slot, attempt: Attempt): Promise<Offered> {
    const reached = await this.#reach();
    const { recipient, ...offered } = await this.#offerTo(reached, slot, attempt);
    const { accepted, secrecy } = offered;
    this.#telling.starts(accepted, secrecy);
    this.#way = accepted.way;
    this.#wasWanted = true;
    this.#peer = recipient.peer;
    this.#isKept = recipient.answersClose === true && accepted.way.keepsParts;
    slot.accepted(this.#isKept);
    return offered;
  }

  /** Reaches the recipient; once part of the file is kept there, the very one that keeps it. */
  async #reach(): Promise<Reached> {
    let reached: Reached | undefined = await this.#line.reach();
    while (reached && this.#isKept && reached.recipient.peer !== this.#peer) {
      reached = await this.#line.reachNext(reached.recipient.peer);
    }
    if (reached) return reached;
    throw notThere(this.#peer ?? this.#line.jid, undefined);
  }

  /** Offers it to the one reached; to the next one of the contact where that takes it in no way. */
  async #offerTo(reached: Reached, slot: Slot, attempt: Attempt): Promise<OfferedTo> {
    const found = reached.recipient;
    try {
      return await this.#offerSealed(reached, slot, attempt);
    } catch (error) {
      const isOver = this.#isKept || attempt.signal.aborted;
      const mayBeOthers = leavesOthers(error as Error) && !isOver;
      const next = mayBeOthers ? await this.#line.reachNext(found.peer) : undefined;
      if (!next) throw error;
      this.#telling.note(`${(error as Error).message}; trying ${next.recipient.peer}`);
      return this.#offerTo(next, slot, attempt);
    }
  }

  /** Offers it as its key has it, which it is asked for. */
  async #offerSealed(
    { recipient: found, ways, seal: sealFor }: Reached,
    slot: Slot,
    attempt: Attempt,
  ): Promise<OfferedTo> {
    const sealed = await sealFor(this.#asBefore(found));
    const { seal, secrecy, mayOffer } = sealed;
    const recipient = this.#fit(sealed.recipient);
    if (recipient.ways.length === 0) {
      throw new FolderUnknown(
        `${recipient.peer} takes only files, and ${nameOf(this.#source)} has none in it`,
      );
    }
    const offer = this.#offerFor(recipient, await this.#describe(recipient.ways));
    if (!this.#wasWanted) this.#telling.offers(recipient.peer);
    const { acceptTimeout: timeout, transport } = this.#options;
    const note = (text: string) => this.#telling.note(text);
    const options = { ...this.#settings, ...attempt, timeout, transport, seal, mayOffer, note };
    slot.offered();
    const [first] = recipient.ways;
    const consent = { what: `${recipient.peer} to accept the file`, most: timeout };
    const { what, most } = (first && ways.get(first)?.wait) ?? consent;
    const accepted = await this.#telling.pending(
      `waiting for ${what}, ${timeInWords(most)} at most`,
      offerTo(recipient, ways, offer, options),
    );
    await sealed.answered().catch(async (error) => {
      await accepted.cancel();
      throw error;
    });
    return { recipient, offer, accepted, secrecy };
  }

  /** With the ways alone that can tell what is offered. */
  #fit(recipient: Recipient): Recipient {
    if (!this.#source.isFolder) return recipient;
    const ways = recipient.makesFolders ? recipient.ways.filter((way) => way.tellsFolders) : [];
    return { ...recipient, ways };
  }

  /**
   * A source that can be read only once cannot be sent again in smaller blocks: it begins with what each server
   * takes.
   */
  get #settings(): TransferSettings {
    const { settings } = this.#line;
    return this.#source.size === undefined ? safe(settings) : settings;
  }

  /**
   * Reads the file once for all attempts: only if it may be resumed, as what is sent from its start is hashed on the
   * way. The hashes of another way than the first are not worth the time: clients that go on with a file do so by
   * Jingle where they can.
   */
  async #describe(ways: readonly Way[]): Promise<FileOffer> {
    if (!ways.some(({ keepsParts }) => keepsParts)) return this.#plain;
    if (this.#offer) return this.#offer;
    const algorithms = [...new Set([HASH, ...(ways[0]?.hashes ?? [])])];
    const { describe, shareRead } = this.#options;
    const described = describe(this.#source, algorithms);
    const text = `reading ${this.#source.name} for its hash`;
    this.#offer = await this.#telling.pending(text, described, () => shareRead(this.#source));
    return this.#offer;
  }

  #offerFor({ remembersFiles }: Recipient, offer: FileOffer): FileOffer {
    const { again } = this.#options;
    // A name that XML cannot carry arrives as another one, which another file may have arrived under.
    const names = offer.path ?? [offer.name];
    const isTold = names.every((name) => xmlText(name) === name);
    return remembersFiles && offer.hashes && isTold ? { ...offer, alreadyThere: { again } } : offer;
  }

  /**
   * A recipient that answers no questions because it is away looks like one that knows bare bytestreams alone; by one
   * the file would lose its name, its hash, and what has arrived of it.
   */
  #asBefore(recipient: Recipient): Recipient {
    if (!this.#wasWanted) return recipient;
    // Only a way that announces a file has it accepted before its channel is there.
    const isListed = this.#way !== undefined && WAYS.includes(this.#way);
    const better = isListed
      ? WAYS.slice(0, WAYS.indexOf(this.#way as Way))
      : WAYS.filter(({ announces }) => announces);
    const good = this.#way ? [...better, this.#way] : better;
    const ways = recipient.ways.filter((way) => good.includes(way));
    if (ways.length > 0) return { ...recipient, ways };
    throw notThere(recipient.peer, undefined);
  }
}
