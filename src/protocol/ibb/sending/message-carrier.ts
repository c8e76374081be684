import { randomBytes } from 'node:crypto';
import { ping } from '../../../session/ping.js';
import { RequestTimeout } from '../../../session/requests.js';
import type { Session } from '../../../session/session.js';
import { StanzaError } from '../../../session/stanza-error.js';
import { type Element, xml } from '../../../session/xml.js';
import { ChannelLost } from '../../channel.js';
import { NS_DISCO_INFO } from '../../disco.js';
import { NS_HINTS } from '../../messages/marks.js';
import * as stanzas from '../stanzas.js';

/** How long the peer may take to answer the first question of a kind. */
const FIRST_ANSWER_MS = 10_000;

/** A number of blocks that is not longer than that of most files. */
const MANY_MESSAGES = 999_999;

/** Blocks between two probes; they count as delivered when the probe behind them is answered. */
interface Run {
  bytes: number;
  resolve: () => void;
  reject: (error: Error) => void;
  delivered: Promise<void>;
}

/**
 * Sends blocks in messages (XEP-0047 §4). Nobody acknowledges a message, and servers queue them without
 * bound, so every so often the peer is asked something behind them: stanzas arrive in order, and its
 * answer means that it has them.
 */
export class MessageCarrier {
  readonly #session: Session;
  readonly #peer: string;
  readonly #sid: string;
  readonly #runBytes: () => number;
  /** The bounce of a message is known by its id; nobody else can know it. */
  readonly #prefix = randomBytes(16).toString('base64url');
  #probe: Promise<() => Promise<unknown>> | undefined;
  #count = 0;
  /** Settles when the last block is handed to the network. */
  #written = Promise.resolve();
  #run: Run | undefined;
  /** The runs with a probe behind them. */
  readonly #asked = new Set<Run>();
  #failed: Error | undefined;

  /** `runBytes`: how much goes out behind a probe that is not answered before there is another. */
  constructor(session: Session, peer: string, sid: string, runBytes: () => number) {
    this.#session = session;
    this.#peer = peer;
    this.#sid = sid;
    this.#runBytes = runBytes;
  }

  /** Bytes of a block's message beside its base64, as the recipient's server writes it. */
  get frame(): number {
    const { jid: from } = this.#session;
    return stanzas.frameOf(this.#sid, (block) => this.#around(block, MANY_MESSAGES, from));
  }

  /**
   * Resolves when the peer has the block. Aborted, by a signal that is the same for all: nothing more is sent or asked.
   */
  async send(seq: number, bytes: Buffer, signal: AbortSignal): Promise<void> {
    this.#probe ??= this.#findProbe(signal);
    await this.#probe;
    signal.throwIfAborted();
    if (this.#failed) throw this.#failed;
    const run = this.#run ?? this.#begin();
    run.bytes += bytes.length;
    this.#written = this.#session.send(this.#message(seq, bytes));
    this.#written.catch((error) => this.#fail(error));
    if (this.#asked.size === 0 || run.bytes >= this.#runBytes()) this.#ask();
    return run.delivered;
  }

  /** Sends a block that the peer is to refuse, so that it closes (see `breakOff`); nobody waits for it. */
  async spoil(seq: number, bytes: Buffer): Promise<void> {
    await this.#session.send(this.#message(seq, bytes));
  }

  /** Takes the bounce of a message; returns whether it was one of ours. */
  bounced(id: string, error: StanzaError): boolean {
    if (!id.startsWith(this.#prefix)) return false;
    this.#fail(new ChannelLost(`a block came back (${error.message})`, { cause: error }));
    return true;
  }

  #message(seq: number, bytes: Buffer): Element {
    this.#count += 1;
    return this.#around(stanzas.data(this.#sid, seq, bytes), this.#count);
  }

  #around(block: Element, count: number, from?: string): Element {
    return xml(
      'message',
      { to: this.#peer, id: `${this.#prefix}${count}`, from },
      block,
      // XEP-0334: worth nothing later. It has no body, so that it is not copied anyway (XEP-0280 §6.1).
      xml('no-store', { xmlns: NS_HINTS }),
    );
  }

  #begin(): Run {
    let resolve = () => {};
    let reject = (_error: Error) => {};
    const delivered = new Promise<void>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    this.#run = { bytes: 0, resolve, reject, delivered };
    return this.#run;
  }

  /** Ends the run with a question; the next one starts when there is something to send. */
  #ask(): void {
    const run = this.#run;
    if (!run) return;
    this.#run = undefined;
    this.#asked.add(run);
    const answered = () => {
      this.#asked.delete(run);
      run.resolve();
      // Blocks that have gone out meanwhile must not wait for a run to be full.
      if (this.#asked.size === 0) this.#ask();
    };
    const failed = (error: Error) =>
      this.#fail(new ChannelLost('the recipient is gone', { cause: error }));
    this.#probe?.then((probe) => probe()).then(answered, failed);
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    for (const run of this.#asked) run.reject(this.#failed);
    this.#asked.clear();
    this.#run?.reject(this.#failed);
    this.#run = undefined;
  }

  /**
   * Ping, or disco, whichever the peer answers; where it knows neither, what the server acknowledges must do
   * (XEP-0198). Not each client answers what it does not know (xmpp4r), and nothing is on the way yet that could delay
   * an answer.
   */
  async #findProbe(signal: AbortSignal): Promise<() => Promise<unknown>> {
    const questions = [ping(), xml('query', { xmlns: NS_DISCO_INFO })];
    let isSilent = true;
    for (const question of questions) {
      const ask = (timeout: number) =>
        this.#session.request('get', this.#peer, question, { timeout, signal });
      try {
        await ask(FIRST_ANSWER_MS);
        // How long it takes behind blocks is the bytestream's own concern.
        return () => ask(Number.POSITIVE_INFINITY);
      } catch (error) {
        if (error instanceof StanzaError) isSilent = false;
        else if (!(error instanceof RequestTimeout)) throw error;
      }
    }
    if (isSilent) throw new ChannelLost('the recipient answers nothing, not even a ping');
    // Without stream management either: as far as the network has taken it.
    return () => Promise.all([this.#written, this.#session.sync()]);
  }
}
