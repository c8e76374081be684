import type { Inlet } from '../../protocol/channel.js';
import type { FileOffer } from '../../protocol/file-offer.js';
import type { Registry } from '../registry.js';

/** A file that a peer wants to send, however it told us. */
export interface IncomingOffer {
  /** The sender's full JID. */
  readonly peer: string;
  /** Names the channel that brings it. */
  readonly sid: string;
  readonly offer: FileOffer;
  /** The sender's, 32 bytes, if the file is sealed; proven to be theirs when it is accepted, and not before. */
  readonly peerKey?: Uint8Array | undefined;
  /** XEP-0300 names of the hashes that are known, or may become known. */
  readonly hashFunctions: readonly string[];
  /** Names the address at which it lies, where it is fetched from one: what is compared with no hash counts for less. */
  readonly linkId?: string;
  /** The sender can start anywhere in the file. */
  readonly ranged: boolean;
  /**
   * Resolves to what brings the bytes from `offset` on. `there`, where the offer lets us say so: there are
   * none, as an earlier transfer has brought the file. `declined`, where it is sealed: none are wanted, and when the
   * channel is there `fail` says why.
   */
  accept(offset: number, as?: 'there' | 'declined'): Promise<Inlet>;
  /**
   * To be called as long as the sender has to wait for us: now and then it hears that something is done. Absent where
   * there is no word for it.
   */
  atWork?(): void;
  /** What the sender says of all the bytes, once they came; empty where it says nothing. */
  hashes(): Promise<ReadonlyMap<string, Buffer>>;
  /** Tells the sender that the file is there. `sha256`: of all of it, 32 bytes. Always resolves. */
  confirm(sha256: Uint8Array): Promise<void>;
  /** Tells the sender that it is not. */
  fail(error: Error): void;
  /** Has the sender come again later, as there is no place. Absent if it was given one before it was handed over. */
  postpone?(): void;
}

/** Whether its bytes can be changed where the hash that its sender tells cannot: on another server, or on a lane in the clear. */
export const isExposed = ({ linkId, peerKey }: IncomingOffer, lane: string | undefined): boolean =>
  linkId !== undefined || (lane !== undefined && peerKey === undefined);

/** Takes the files that others send, and says who may send one now. */
export interface Listener {
  take(file: IncomingOffer): void;
  /** Counts an offer; returns whether it may be looked at. */
  mayOffer(peer: string): boolean;
  /** Hears of an offer that cannot be taken, and why. */
  refused(peer: string, why: string): void;
  readonly places: PlacesOfUnannounced;
  /** Where these decisions stand as defaults, which a user of the library can replace. */
  readonly registry: Registry;
  now(): Date;
}

/** The places of files that nobody announced: each takes one when its channel is let in, before it is handed over. */
export interface PlacesOfUnannounced {
  /** Whether the channel is let in. Throws `StanzaError` if there is no place now. */
  reserve(peer: string, sid: string): boolean;
  /** Its file takes the place, or it is free again. */
  release(peer: string, sid: string): void;
}
