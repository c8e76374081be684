import type { Session } from '../../session/session.js';
import { type Element, xml } from '../../session/xml.js';
import { type Clock, onlineClock, systemClock } from '../clock.js';
import type { FileOffer } from '../file-offer.js';
import type { InBandBytestreams } from '../ibb/in-band-bytestreams.js';
import { agreedStanza, type BytestreamSettings, blockSizeFor } from '../ibb/settings.js';
import { announcedSid } from '../ibb/stanzas.js';
import { randomSid } from '../sid.js';
import {
  description,
  NS_FILE_ERRORS,
  NS_FILE_TRANSFER,
  readDescription,
  toldHashes,
} from './file-description.js';
import { NS_JINGLE_IBB, readTransport, transport } from './ibb-transport.js';
import { IncomingJingleFile } from './incoming-jingle-file.js';
import type { JingleSession } from './jingle-session.js';
import { JingleSessions } from './jingle-sessions.js';
import { OutgoingJingleFile } from './outgoing-jingle-file.js';
import { NS_JINGLE, type Reason } from './stanzas.js';

/** What is advertised by those who take files (XEP-0234 §10, XEP-0261 §4). */
export const JINGLE_FEATURES = [NS_JINGLE, NS_FILE_TRANSFER, NS_JINGLE_IBB];

export interface OfferOptions extends Partial<BytestreamSettings> {
  /** An NMTOKEN that was agreed on before (XEP-0353 §3.6). Default: a random one. */
  sid?: string;
  /** Milliseconds until the peer must have accepted: people think. Default 300,000. */
  timeout?: number;
  signal?: AbortSignal;
}

/** Jingle File Transfer (XEP-0234) over In-Band Bytestreams (XEP-0261), both roles: one file a session. */
export class JingleFileTransfers {
  /** Called with each file that a peer offers. */
  onOffer: (file: IncomingJingleFile) => void = (file) => file.decline();
  /** Told of each offer that is refused unseen, and why. The reason has a peer's words in it, cut to what fits a line. */
  onRefused: (peer: string, why: string) => void = () => undefined;
  /** Asked before an offer of a peer's is looked at. */
  mayOffer: (peer: string) => boolean = () => true;
  readonly #session: Session;
  readonly #bytestreams: InBandBytestreams;
  readonly #sessions: JingleSessions;
  readonly #clock: Clock;

  constructor(session: Session, bytestreams: InBandBytestreams, clock = systemClock) {
    this.#session = session;
    this.#bytestreams = bytestreams;
    this.#clock = onlineClock(session, clock);
    this.#sessions = new JingleSessions(session);
    this.#sessions.onInitiate = (initiated) => this.#initiated(initiated);
    this.#sessions.onRefused = (peer, why) => this.onRefused(peer, why);
    this.#sessions.mayInitiate = (peer) => this.mayOffer(peer);
  }

  /**
   * Offers a file to a full JID; resolves when the peer has accepted and the bytestream is open. Rejects with
   * `StanzaError`, with `JingleEnded` when the peer does not want it, with `OfferUnanswered`, and as `request` does.
   */
  async offer(
    peer: string,
    file: FileOffer,
    options: OfferOptions = {},
  ): Promise<OutgoingJingleFile> {
    const { sid = randomSid(), timeout = 300_000, signal, ...others } = options;
    signal?.throwIfAborted();
    const settings = { ...this.#bytestreams.settings, ...others };
    const blockSize = Math.min(settings.blockSize, blockSizeFor(this.#session.maxStanzaBytes));
    const open = { sid: announcedSid(), blockSize, stanza: agreedStanza(settings.stanza) };
    const session = this.#sessions.create(peer, sid, {
      ...{ creator: 'initiator', name: 'file', senders: 'initiator', isSecured: false },
      description: description(file, mayBeGoneOnWith(file) ? { offset: 0 } : undefined),
      transport: transport(open),
    });
    const outgoing = new OutgoingJingleFile(session, this.#bytestreams, open, this.#clock);
    await outgoing.start(timeout, settings, signal);
    return outgoing;
  }

  /**
   * Takes no more offers. The transfers that are there end, here with this error; the peers hear that we are gone,
   * and may try again.
   */
  close(error?: Error): void {
    this.#sessions.close({ condition: 'gone' }, error);
  }

  #initiated(session: JingleSession): void {
    const refused = whyRefused(session);
    if (refused) return this.#refuse(session, ...refused);
    try {
      const { description, transport } = session.content;
      if (!description || !transport) throw new Error('nothing was offered');
      const [file, open] = [readDescription(description), readTransport(transport)];
      this.onOffer(new IncomingJingleFile(session, this.#bytestreams, file, open, this.#clock));
    } catch (error) {
      const { message: text } = error as Error;
      this.#refuse(session, { condition: 'incompatible-parameters', text }, text);
    }
  }

  #refuse(session: JingleSession, reason: Reason, why: string): void {
    void session.terminate(reason);
    this.onRefused(session.peer, why);
  }
}

/** Without a hash that is told nobody can know whether what is there is of the same file. */
const mayBeGoneOnWith = ({ size, hashes }: FileOffer): boolean =>
  size !== undefined && toldHashes(hashes).length > 0;

/** What cannot be taken, whoever offers it: the reason for the peer, and another for us. */
function whyRefused({ content }: JingleSession): [Reason, why: string] | undefined {
  const { description, transport, senders, isSecured } = content;
  if (description?.getNS() !== NS_FILE_TRANSFER) {
    return [{ condition: 'unsupported-applications' }, `${namespaceOf(description)} is no file`];
  }
  // XEP-0234 §9.1: a file of ours is asked for.
  if (senders === 'responder') {
    const specific = xml('file-not-available', { xmlns: NS_FILE_ERRORS });
    return [{ condition: 'failed-application', specific }, 'it asks for a file of ours'];
  }
  const text = 'not encrypted end to end';
  if (isSecured) return [{ condition: 'security-error', text }, 'it is encrypted end to end'];
  if (transport?.getNS() === NS_JINGLE_IBB) return undefined;
  const why = `its transport is ${namespaceOf(transport)}, and only in-band bytestreams are taken`;
  return [{ condition: 'unsupported-transports' }, why];
}

/** Not shown beyond that; in characters. */
const MAX_NAMESPACE_LENGTH = 100;

const namespaceOf = (element: Element | undefined): string =>
  element?.getNS()?.slice(0, MAX_NAMESPACE_LENGTH) ?? 'nothing';
