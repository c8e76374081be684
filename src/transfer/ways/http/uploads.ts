import { ChannelLost } from '../../../protocol/channel.js';
import type { FileOffer } from '../../../protocol/file-offer.js';
import { Put } from '../../../protocol/http-upload/put.js';
import type { UploadedFile, UploadSlot } from '../../../protocol/http-upload/stanzas.js';
import {
  askForSlot,
  type FoundUploads,
  findUploadService,
  type UploadService,
} from '../../../protocol/http-upload/upload-service.js';
import type { Https } from '../../../protocol/network/https.js';
import { type Clock, systemClock } from '../../../session/clock.js';
import type { NetworkOptions } from '../../../session/dial/proxy.js';
import { parseJid } from '../../../session/jid.js';
import type { Session } from '../../../session/session.js';
import { NoUploads, tooLarge, whyNoSlot, whyNotUploaded, withoutSize } from './why-not-uploaded.js';

/** A file on its way to a server. */
interface Upload {
  put: Put;
  /** Where it is when all its bytes are taken. */
  url: string;
}

/** Puts files on the own server, or on what it names for that. */
export class Uploads {
  readonly #session: Session;
  readonly #trust: () => Promise<NetworkOptions>;
  #https: Https | undefined;
  readonly #clock: Clock;
  #found: Promise<FoundUploads> | undefined;
  /** Slots whose upload was cut off once, by what they are for: some servers let it be made again, and count each slot. */
  readonly #left = new Map<string, UploadSlot>();
  /** What was cut off before, however often, until it is over. */
  readonly #cut = new Set<string>();

  /** `trust`: which certificates are believed; asked once, when there is something to upload. */
  constructor(session: Session, trust: () => Promise<NetworkOptions>, clock: Clock = systemClock) {
    this.#session = session;
    this.#trust = trust;
    this.#clock = clock;
  }

  /**
   * Begins to upload a file, whose bytes are then to be written. Rejects with `NoUploads`, `UploadRefused`, `UnusableSlot`,
   * as `request` of a session does, and with the signal's reason.
   */
  async begin({ name, size, mediaType }: FileOffer, signal: AbortSignal): Promise<Upload> {
    if (size === undefined) throw withoutSize(name);
    const service = await this.find(signal);
    if (service.maxSize !== undefined && size > service.maxSize) {
      throw tooLarge(name, size, service);
    }
    return this.#put({ name, size, mediaType: mediaType ?? UNKNOWN_TYPE }, service, signal);
  }

  /** The service that takes them. Rejects with `NoUploads` where there is none. */
  async find(signal: AbortSignal): Promise<UploadService> {
    this.#found ??= findUploadService(this.#session, signal);
    const { service, mute } = await this.#found;
    if (!service) throw new NoUploads(parseJid(this.#session.jid).domain, mute);
    return service;
  }

  async #put(file: UploadedFile, service: UploadService, signal: AbortSignal): Promise<Upload> {
    const purpose = JSON.stringify(file);
    const left = this.#left.get(purpose);
    this.#left.delete(purpose);
    const slot = left ?? (await this.#ask(file, service, signal));
    this.#https ??= await this.#openHttps();
    const put = new Put(slot, file, {
      ...{ peer: service.jid, https: this.#https, clock: this.#clock },
      refused: (status) => whyNotUploaded(status, slot.put.host, left !== undefined),
      isAgain: this.#cut.has(purpose),
    });
    put.once('finish', () => this.#cut.delete(purpose));
    put.once('error', (error) => {
      if (!(error instanceof ChannelLost)) return void this.#cut.delete(purpose);
      this.#cut.add(purpose);
      if (!left) this.#left.set(purpose, slot);
    });
    return { put, url: slot.get.href };
  }

  async #openHttps(): Promise<Https> {
    const { httpsBy } = await import('../../../protocol/network/https.js');
    return httpsBy(await this.#trust());
  }

  async #ask(file: UploadedFile, service: UploadService, signal: AbortSignal): Promise<UploadSlot> {
    try {
      return await askForSlot(this.#session, service, file, signal);
    } catch (error) {
      throw whyNoSlot(error as Error, file, service);
    }
  }
}

/** RFC 2046 §4.5.1 */
const UNKNOWN_TYPE = 'application/octet-stream';

/** What the own server says of uploads. */
export interface OwnUploads {
  /** The service; or the server, where it has none. */
  peer: string;
  isTaken: boolean;
  /** Bytes of the largest file, where it is told. */
  maxSize?: number;
}

/** Nothing where it does not say whether it takes some. Rejects with the signal's reason, and when the session ends. */
export async function ownUploads(
  session: Session,
  signal: AbortSignal,
  timeout: number,
): Promise<OwnUploads | undefined> {
  const { service, mute } = await findUploadService(session, signal, timeout);
  if (!service) {
    return mute.length > 0 ? undefined : { peer: parseJid(session.jid).domain, isTaken: false };
  }
  const { jid: peer, maxSize } = service;
  return { peer, isTaken: true, ...(maxSize === undefined ? {} : { maxSize }) };
}
