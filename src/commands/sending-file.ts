import type { FileOffer } from '../protocol/file-offer.js';
import { leavesOthers, RecipientBusy, RecipientUnreachable } from '../transfer/recipient-errors.js';
import { isPassing, Retries } from '../transfer/retries.js';
import { offerTo } from '../transfer/sending/offer-to.js';
import { Refusals } from '../transfer/sending/refusals.js';
import {
  describeSource,
  plainOffer,
  type Source,
  sendFile,
} from '../transfer/sending/send-file.js';
import { Turn } from '../transfer/sending/turn.js';
import type { Accepted, Recipient, Way } from '../transfer/ways/way.js';
import { WAYS } from '../transfer/ways/ways.js';
import type { Reporter } from '../ui/report.js';
import type { Context } from './context.js';
import type { Reached, SendFlags, SendingLine } from './send.js';

/** Bytes; each server takes stanzas of that size (RFC 6120 §13.12: 10,000 bytes at least). */
const SAFE_BLOCK_SIZE = 4096;

/** What the user is told of the file, however it is offered. */
const HASH = 'sha-256';

/** A file that a recipient has accepted, as it was offered. */
interface Offered {
  recipient: Recipient;
  offer: FileOffer;
  accepted: Accepted;
}

/** A file on its way to its recipient, over as many connections as it takes. */
export class SendingFile {
  readonly #source: Source;
  readonly #line: SendingLine;
  readonly #flags: SendFlags;
  readonly #signal: AbortSignal;
  readonly #reporter: Reporter;
  readonly #retries: Retries;
  readonly #turn: Turn;
  readonly #refusals = new Refusals();
  #offer: FileOffer | undefined;
  /** How the recipient has accepted it, once it has. */
  #way: Way | undefined;
  /** By one who wants it, whatever became of the bytestream. */
  #wasAccepted = false;
  /** Where the last attempt started, in bytes. */
  #offset = 0;
  /** The full JID of who has accepted it last. */
  #peer: string | undefined;
  /** What arrives stays with the recipient until the next time. */
  #isKept = false;
  #isUnderWay = false;
  /** Something of this attempt did. */
  #hasArrived = false;
  /** What ended the last attempt that was under way. */
  #brokenBy: Error | undefined;

  constructor(
    source: Source,
    line: SendingLine,
    flags: SendFlags,
    { signal }: Context,
    reporter: Reporter,
  ) {
    this.#source = source;
    this.#line = line;
    this.#flags = flags;
    this.#signal = signal;
    this.#reporter = reporter;
    this.#retries = new Retries(flags.retryFor * 1000);
    this.#turn = new Turn(flags.acceptTimeout * 1000);
  }

  /** Makes attempts until one succeeds, or there is no point in another. */
  async send(): Promise<void> {
    for (;;) {
      try {
        return await this.#attempt();
      } catch (error) {
        const why = this.#refusals.judge(error as Error, this.#line.jid);
        await this.#awaitNext(why).catch((reason) => {
          throw this.#signal.aborted ? this.#interrupted() : reason;
        });
      }
    }
  }

  /** Resolves when another attempt is due; throws where there is no point in one. */
  async #awaitNext(error: Error): Promise<void> {
    this.#signal.throwIfAborted();
    if (error instanceof RecipientBusy) return this.#awaitTurn(error);
    if (!this.#deservesAnother(error)) throw error;
    this.#line.forget();
    await this.#retries.wait(this.#asBrokenOff(error), this.#signal, () => {
      this.#reporter.warn(`${error.message}; trying again`);
      this.#shrinkBlocks();
    });
  }

  /** A "busy" is no "no"; it is told once, however often it is heard. */
  async #awaitTurn(error: RecipientBusy): Promise<void> {
    await this.#turn.wait(error, this.#signal, (pause, isFirst) => {
      const text = `${this.#line.jid} is busy; next try in ${Math.ceil(pause / 1000)} s`;
      if (isFirst) this.#reporter.warn(text);
      else this.#reporter.note(text);
    });
  }

  /** Some servers cut the connection, or fall silent (jabberd2), over a stanza that is larger than they say. */
  #shrinkBlocks(): void {
    if (!this.#isUnderWay || this.#hasArrived || this.#line.blockSize <= SAFE_BLOCK_SIZE) return;
    const { blockSize } = this.#line;
    this.#line.blockSize = SAFE_BLOCK_SIZE;
    this.#reporter.warn(
      `nothing arrived in blocks of ${blockSize} bytes, which may be too large for a server; the next ones have ${SAFE_BLOCK_SIZE}`,
    );
  }

  #interrupted(): Error {
    const mayGoOn = this.#isKept && this.#source.size !== undefined;
    if (mayGoOn) this.#reporter.warn('stopped; the same command goes on from there');
    return this.#signal.reason;
  }

  /** Of a recipient that was there, and is not found again, what counts is what broke the transfer off. */
  #asBrokenOff(error: Error): Error {
    if (error.name === 'RecipientUnreachable') return this.#brokenBy ?? error;
    if (this.#isUnderWay || error.name === 'ChannelLost') this.#brokenBy = error;
    return error;
  }

  /** Of a recipient that was never there, of what can be read once only, and after a "no", the first is the last. */
  #deservesAnother(error: Error): boolean {
    // Accepted, and lost before the first byte.
    this.#wasAccepted ||= error.name === 'ChannelLost';
    if (!this.#wasAccepted || this.#source.size === undefined) return false;
    // What the recipient had from an earlier attempt was no part of this file; it has thrown it away.
    const fromAfresh = error.name === 'FileMismatch' && this.#offset > 0;
    return fromAfresh || isPassing(error);
  }

  async #attempt(): Promise<void> {
    this.#isUnderWay = this.#hasArrived = false;
    const { recipient, offer, accepted } = await this.#offerTo(await this.#reach());
    this.#peer = recipient.peer;
    this.#started(accepted);
    this.#isKept = recipient.answersClose === true && accepted.way.keepsParts;
    const facts = this.#facts(accepted.stream.peer);
    const sent = await sendFile(accepted, this.#source, offer, {
      signal: this.#signal,
      onProgress: (bytes) => {
        this.#hasArrived = true;
        this.#retries.reached(bytes);
        this.#refusals.reached(bytes);
        this.#reporter.report({ event: 'progress', ...facts, bytes });
      },
    });
    this.#reporter.report({ event: 'done', ...facts, ...sent });
  }

  /** Reaches the recipient; once part of the file is kept there, the very one that keeps it. */
  async #reach(): Promise<Reached> {
    let reached: Reached | undefined = await this.#line.reach();
    while (reached && this.#isKept && reached.recipient.peer !== this.#peer) {
      reached = await this.#line.reachNext();
    }
    if (reached) return reached;
    throw new RecipientUnreachable(`${this.#peer} is not there at the moment`);
  }

  /** Offers it to the one reached; to the next one of the contact where that takes it in no way. */
  async #offerTo({ recipient: found, ways }: Reached): Promise<Offered> {
    const { note } = this.#reporter;
    const recipient = this.#asBefore(found);
    // Its hash costs a reading of the whole file; what is sent from its start is hashed on the way.
    const mayBeResumed = recipient.ways.some((way) => way.keepsParts);
    const offer = mayBeResumed ? await this.#describe(recipient.ways) : plainOffer(this.#source);
    if (!this.#wasAccepted)
      this.#reporter.report({ event: 'offer', ...this.#facts(recipient.peer) });
    try {
      const accepted = await offerTo(recipient, ways, offer, { ...this.#options(), note });
      return { recipient, offer, accepted };
    } catch (error) {
      const mayBeOthers = leavesOthers(error as Error) && !this.#isKept && !this.#signal.aborted;
      const next = mayBeOthers ? await this.#line.reachNext() : undefined;
      if (!next) throw error;
      note(`${(error as Error).message}; trying ${next.recipient.peer}`);
      return this.#offerTo(next);
    }
  }

  /**
   * Reads the file once for all attempts. The hashes of another way than the first are not worth the time: the clients
   * that go on with a file do so by Jingle where they can.
   */
  async #describe([way]: readonly Way[]): Promise<FileOffer> {
    const algorithms = [...new Set([HASH, ...(way?.hashes ?? [])])];
    this.#offer ??= await this.#reporter.connecting(`reading ${this.#source.name}`, () =>
      describeSource(this.#source, this.#signal, algorithms),
    );
    return this.#offer;
  }

  /**
   * A recipient that answers no questions because it is away looks like one that knows bare bytestreams alone; by one
   * the file would lose its name, its hash, and what has arrived of it.
   */
  #asBefore(recipient: Recipient): Recipient {
    if (!this.#wasAccepted) return recipient;
    // A file that announces itself is the only one that is accepted before its bytes are there.
    const good = this.#way
      ? WAYS.slice(0, WAYS.indexOf(this.#way) + 1)
      : WAYS.filter(({ announces }) => announces);
    const ways = recipient.ways.filter((way) => good.includes(way));
    if (ways.length > 0) return { ...recipient, ways };
    const { peer } = recipient;
    throw new RecipientUnreachable(
      `${peer} is not there, or takes files by ${good.at(-1)?.name} no more`,
    );
  }

  #started({ way, stream: { peer }, range: { offset } }: Accepted): void {
    const { report } = this.#reporter;
    if (!this.#way) report({ event: 'start', ...this.#facts(peer) });
    if (this.#way || offset > 0) report({ event: 'resumed', ...this.#facts(peer), offset });
    this.#way = way;
    this.#turn.came();
    this.#isUnderWay = true;
    this.#wasAccepted = true;
    this.#offset = offset;
  }

  #options() {
    const { stanza, window, maxRetries, initialWait, waitFactor } = this.#flags;
    const { blockSize } = this.#line;
    return {
      ...{ stanza, blockSize, window, maxRetries, initialWait, waitFactor },
      signal: this.#signal,
      timeout: this.#flags.acceptTimeout * 1000,
    };
  }

  #facts(peer: string) {
    const { name, size } = this.#source;
    return { peer, name, ...(size === undefined ? {} : { size }) };
  }
}
