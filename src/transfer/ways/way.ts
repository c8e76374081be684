import type { Outlet } from '../../protocol/channel.js';
import type { FileOffer } from '../../protocol/file-offer.js';
import type { SealedTo } from '../../protocol/jingle/security/sealed-offer.js';
import type { WantedTransport } from '../lane/names.js';
import type { Listener } from './incoming.js';
import type { AnyWayName } from './names.js';
import type { Services } from './services.js';
import type { TransferSettings } from './settings.js';

/**
 * How a file reaches a JID. What differs between ways is asked of these fields, and never of the name, which is for the
 * user alone.
 */
export interface Way {
  /** What `--via` calls it. */
  readonly name: AnyWayName;
  /** What we advertise, who take files by it (XEP-0030). */
  readonly features: readonly string[];
  /** Whether a client that advertises these features takes files by it. */
  isTakenBy(advertised: ReadonlySet<string>): boolean;
  /** The same, beside the XMPP stream and in the clear. */
  isTakenBeside(advertised: ReadonlySet<string>): boolean;
  /** Nobody takes files by it without advertising it. */
  readonly isAdvertised: boolean;
  /** `resource`: a full JID that is online; `account`: a bare one, online or not. */
  readonly reaches: 'resource' | 'account';
  /** Tells name, size and date of the file; otherwise its bytes come without a word. */
  readonly announces: boolean;
  /** Programs answer an offer at once. Otherwise silence may be that of a person who makes up their mind. */
  readonly isAnsweredAtOnce: boolean;
  /** What has arrived of a file may be kept, and the next offer of it goes on from there. */
  readonly keepsParts: boolean;
  /** The hashes that an offer tells, by XEP-0300 name. */
  readonly hashes: readonly string[];
  /** A proposal (XEP-0353) finds who takes files by it. */
  readonly isProposed?: true;
  /** The recipient compares a hash of the whole file; otherwise nobody but the sender can. */
  readonly comparesHash?: true;
  /** An offer can be of a folder without files. */
  readonly tellsFolders?: true;
  /** Files can be sealed that travel by it. */
  readonly seals?: true;
  /** Makes it ready on a session; once for each. */
  open(services: Services): OpenWay;
}

/** What is waited for where a file is offered. */
export interface Wait {
  /** In words, behind "waiting for". */
  readonly what: string;
  /** Milliseconds. */
  readonly most: number;
}

/** A way on one session. */
export interface OpenWay {
  readonly offer: Offer;
  /** Absent: the recipient accepts, in the time that the user gives it. */
  readonly wait?: Wait;
  /** Hands over the files that come; once. Returns what ends that, and breaks off those on their way for a reason. */
  listen?(listener: Listener): (reason?: Error) => void;
  /** Asks ahead what offers will need to know. */
  prepare?(): void;
}

/** Offers a file. Rejects with `RecipientRefused`, `RecipientUnreachable`, or the signal's reason. */
export type Offer = (
  recipient: Recipient,
  file: FileOffer,
  options: OfferOptions,
) => Promise<Accepted>;

/** The ways in which files may go beside the XMPP stream in the clear: as well as inside of it, or so only. */
export type Beside = ReadonlyMap<Way, 'too' | 'only'>;

/** The recipient of a file, and how it takes it. */
export interface Recipient {
  /** Full JID, or a domain. */
  peer: string;
  /** The ways in which it takes files, best first. */
  ways: readonly Way[];
  /** It may say that a file is there already, from an earlier transfer. */
  remembersFiles?: true;
  /** It answers each close, and only when it has the file. */
  answersClose?: true;
  /** It makes folders, those without files too. */
  makesFolders?: true;
  /** It has said that it has a key. */
  hasKey?: true;
  /** It takes what is sealed beside the XMPP stream, too. */
  hasLane?: true;
  /** How what is not sealed may go to it; absent: inside of the stream. */
  beside?: Beside;
  /** The ways are those that might be: its server has answered in its place. */
  isGuess?: true;
  /** Nobody who was looked for has taken the file. */
  isLast?: true;
  /** The sid of the Jingle session that it has let us begin (XEP-0353). */
  sid?: string;
}

/** Whether it is an inband, by what it has said of itself. */
export const isInband = ({ hasKey, answersClose }: Pick<Recipient, 'hasKey' | 'answersClose'>) =>
  hasKey === true || answersClose === true;

export interface OfferOptions extends Partial<TransferSettings> {
  signal: AbortSignal;
  /** Milliseconds until the recipient must have accepted. */
  timeout?: number;
  /** Called when the recipient shows that it does something for the file of which nothing else is to be seen. */
  onWork?: (() => void) | undefined;
  /** Absent: the file travels as it is. */
  seal?: SealedTo | undefined;
  /** Default: in-band. */
  transport?: WantedTransport | undefined;
  /** Called before each offer, of which there may be several; throws where it must not be made any more. */
  mayOffer?: (() => void) | undefined;
}

/** A file lies on a server. */
interface Uploaded {
  url: string;
}

/** A file that the recipient has accepted. */
export interface Accepted {
  readonly way: Way;
  /** Takes the bytes that the recipient wants; ending it tells that they are all. */
  readonly channel: Outlet;
  /** Where it starts, and how much it is where that is not all the rest; in bytes. */
  readonly range: { offset: number; length?: number | undefined };
  /** It is left on a server for this one, who is told of it when it is there. */
  readonly leftFor?: string;
  /** It travels sealed: nothing that others say of it counts. */
  readonly isSealed?: boolean;
  /** The recipient says that an earlier transfer has brought the file: nothing is to be sent. */
  readonly isThere?: true;
  /** Tells hashes that were not in the offer, by XEP-0300 name; absent where there is no way to. */
  sendHashes?(hashes: ReadonlyMap<string, Buffer>): Promise<void>;
  /**
   * What the recipient makes of all the bytes: that the file is there and right, that it is content with them, or only
   * that they came; or where they were put for whoever has the address. Rejects with the reason when they were not kept.
   */
  confirmed(): Promise<'verified' | 'content' | 'unverified' | Uploaded>;
  /** Breaks it off in a way that the recipient cannot take for the end. */
  cancel(): Promise<void>;
}
