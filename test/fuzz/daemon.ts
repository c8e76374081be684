import { setImmediate as turn } from 'node:timers/promises';
import { setBlob } from '../../src/protocol/bob/blob-store.js';
import { memoryRegistry } from '../../src/protocol/bob/memory-blobs.js';
import { StanzaSession } from '../../src/session/stanza-session.js';
import { StreamParser } from '../../src/session/stream/parser.js';
import { serialize } from '../../src/session/stream/serialize.js';
import type { Element } from '../../src/session/xml.js';
import type { Connect } from '../../src/transfer/connect.js';
import { Quotas } from '../../src/transfer/quotas/quotas.js';
import { receiveOn } from '../../src/transfer/receiving/daemon.js';
import { startServing } from '../../src/transfer/serving/serving.js';
import { MemoryInternet } from '../protocol/network/memory-network.js';
import { MemoryInbox } from '../support/memory-inbox.js';
import { workFor } from '../support/programs/work.js';
import { receivingBy } from '../support/sealing.js';
import { DAEMON, PUBLISHED } from './scenes.js';

const STREAM = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

export const MAX_SESSIONS = 16;

const silent = () => undefined;

/** Where nothing is reached, at once. */
const NOWHERE = new MemoryInternet().of([]);
const HURRIED = { now: () => 0, sleep: async () => undefined };

/** Tells of each refusal that the limit of an account keeps back. */
class HeardQuotas extends Quotas {
  constructor(private readonly onSilence: () => void) {
    super(MAX_SESSIONS);
  }

  override mayRefuse(from: string, characters: number): boolean {
    const may = super.mayRefuse(from, characters);
    if (!may) this.onSilence();
    return may;
  }
}

/** `inband receive` as it is, but for the server and the disk. */
export class Daemon {
  readonly inbox = new MemoryInbox();
  /** Errors that no peer should be able to cause. */
  readonly errors: Error[] = [];
  /** The ids of the stanzas that get no answer, for their senders have used up their refusals. */
  readonly silenced = new Set<string>();
  readonly #hear: (text: string) => void;
  readonly #interrupt = new AbortController();
  #session: StanzaSession | undefined;
  #parser = new StreamParser();
  /** The id of the stanza that is being read. */
  #reading = '';
  /** Settles when it has ended. */
  #ended: Promise<void> | undefined;

  /** `hear` gets each stanza that it sends, as it is written. */
  constructor(hear: (text: string) => void) {
    this.#hear = hear;
    this.#restartParser();
  }

  async start(allow: string[]): Promise<void> {
    const registry = memoryRegistry();
    await setBlob(registry, PUBLISHED, 'text/plain');
    const quotas = new HeardQuotas(() => this.silenced.add(this.#reading));
    const connect = this.#connect;
    const serving = await startServing({ connect, report: silent, registry, quotas, allow });
    this.#ended = receiveOn(serving, new Map(), {
      ...{ inbox: this.inbox, registry, once: false, report: silent },
      ...{ signal: this.#interrupt.signal, now: () => new Date(), exitCodeOf: () => 1 },
      work: workFor(this.inbox),
      sealing: receivingBy({ encrypt: 'auto' }),
      lane: { direct: 'contacts', mayBePlain: true, network: NOWHERE, clock: HURRIED },
    });
    this.#ended.catch(() => undefined); // `stop` tells
  }

  /** Takes stanzas off the wire. Throws where they are no XML. */
  read(text: string): void {
    this.#parser.write(text);
    if (!this.#parser.betweenStanzas) throw new Error(`not whole: ${text}`);
  }

  /** Takes what may be no XML; a stream that breaks is the server's own doing, so a new one begins. */
  readBroken(text: string): void {
    try {
      this.#parser.write(text);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    this.#restartParser();
  }

  /** Interrupts it, and resolves when it has ended in good order. */
  async stop(): Promise<void> {
    const reason = new Error('interrupted');
    this.#interrupt.abort(reason);
    await this.#ended?.catch((error) => {
      if (error !== reason) throw error;
    });
  }

  #restartParser(): void {
    this.#parser = new StreamParser();
    this.#parser.on('element', (element: Element) => {
      this.#reading = element.attrs.id ?? '';
      this.#session?.receive(element);
    });
    this.#parser.write(STREAM);
  }

  readonly #connect: Connect = async (as) => {
    const write = async (stanza: Element) => {
      const text = serialize(stanza);
      await turn();
      this.#hear(text);
    };
    const onError = (error: Error) => this.errors.push(error);
    const transport = { write, close: async () => undefined };
    this.#session = new StanzaSession(DAEMON, transport, {
      ...{ ...as, onError },
      onUnsendable: (_to, error) => onError(error),
    });
    return this.#session;
  };
}
