import type { NotedSecrecy } from './keys/rules.js';
import type { WayName } from './ways/names.js';

/**
 * What a command tells its user, in the order of the fields of a `--json` line. Times RFC 3339, sizes in bytes.
 * `id`: of the transfer, see `nextTransferId`. `waiting`: nobody is there, and `to`, as the user gave it, is waited for. `incoming`: the file comes to us. It chooses the words of the human lines
 * and is no field of `--json`.
 */
export type Event =
  | { event: 'state'; state: 'online' | 'resuming' | 'offline'; jid: string }
  | { event: 'offer'; id: number; peer: string; name: string; size?: number }
  | { event: 'waiting'; id: number; to: string; error: string; seconds: number }
  | Start
  | { event: 'progress'; id: number; peer: string; name: string; size?: number; bytes: number }
  | { event: 'resumed'; id: number; peer: string; name: string; size?: number; offset: number }
  | Done
  | AlreadyThere
  | Folder
  | Failed
  | Blob
  | Setting
  | OwnKey
  | Trust
  | Received
  | Probed
  | Aside;

/** What is said to a person beside the results. `--json` has no lines of it. */
export type Aside =
  /** For those who did not ask for `--quiet`; a `notice` is no cause for worry. */
  | { event: 'warning' | 'notice'; text: string }
  | Skipped
  /** For those who asked for `--verbose`. */
  | { event: 'note'; text: string }
  /** Something takes its time, until the promise settles; its failure is told by another event. */
  | { event: 'pending'; text: string; until: Promise<unknown> };

/** The same; files that were expected are not sent: all from this one on, counted from 0 by their place in the command. */
interface Skipped {
  event: 'skipped';
  text: string;
  first: number;
}

/** A transfer failed; without an `id` the command did. */
interface Failed {
  event: 'failed';
  error: string;
  /** What can be done about it, a line each. */
  hints?: readonly string[];
  exitCode: number;
  id?: number;
  peer?: string;
  name?: string;
  size?: number;
}

/** A blob was fetched (with `path`) or published; or is listed, with `published`. */
interface Blob {
  event: 'blob';
  cid: string;
  type: string;
  size: number;
  published?: boolean;
  /** When it is given out, or kept, no more (RFC 3339). */
  expires?: string;
  /** Nobody but the peer says that the bytes are those of the cid. */
  unverified?: true;
  peer?: string;
  path?: string;
}

/** A file that arrived once, for `inband received`. */
interface Received extends NotedSecrecy {
  event: 'received';
  /** The sender's account. */
  peer: string;
  name: string;
  path: string;
  size: number;
  sha256: string;
  at: string;
  /** What became of what was to be done for it. */
  exec?: 'due' | 'done' | 'failed' | 'gone';
}

/** A setting that is in force, for `inband config`. */
export interface Setting {
  event: 'setting';
  name: string;
  source: 'flag' | 'environment' | 'file' | 'default';
  /** Absent where nothing is set. */
  value?: string | number | boolean | string[];
}

/** The public key of an own account, for `inband key`. */
interface OwnKey {
  event: 'key';
  /** Bare. */
  jid: string;
  key: string;
  /** What a QR code of it has. */
  uri: string;
}

/** A key of somebody's, for `inband trust`. */
interface Trust {
  event: 'trust';
  /** Bare. */
  peer: string;
  key: string;
  trust: 'known' | 'verified' | 'removed';
  label?: string;
  /** When it was first seen, or added (RFC 3339). */
  since: string;
}

/** A resource that is there, and what it can do, for `inband probe`. */
export interface Probed {
  event: 'resource';
  /** Full JID, or a domain. */
  peer: string;
  /** What its program calls itself, where it does. */
  client?: string;
  version?: string;
  /** The ways in which it says that it takes files, best first. */
  ways: WayName[];
  /** Milliseconds, the median of three; absent where it does not answer. */
  roundTripMs?: number;
  /** How `inband send` would offer it a file; absent where it would not. */
  via?: WayName;
  /** Why it would be offered. */
  why?: string;
  /** What is known of its program. */
  remark?: string;
  /** Its key, if it has one. */
  peerKey?: string;
  /** What may carry an encrypted file beside the XMPP stream, best first; see `lane`. `theirs`: a proxy of its server. */
  lanes?: string[];
  /** What is known of its key; `CHANGED`: another one is known, or none is there any more. */
  trust?: 'new' | 'known' | 'verified' | 'CHANGED';
}

/** What the events of one transfer say of it. */
interface Transfer extends Partial<NotedSecrecy> {
  id: number;
  peer: string;
  name: string;
  /** The proxy that it goes by beside the XMPP stream, or `direct`; absent: it goes inside. */
  lane?: string;
}

/** The first byte of a file may come. */
interface Start extends Transfer {
  event: 'start';
  size?: number;
  incoming?: true;
}

/** A file arrived whole: sent (no `path`) or received. */
interface Done extends Transfer {
  event: 'done';
  size: number;
  sha256: string;
  path?: string;
  /** The recipient did not say that the file is right. */
  unverified?: true;
  /** It said at least that the transfer was a success; otherwise nothing but that all bytes came. */
  success?: true;
  /** Sent in-band: bytes in a block, as it was in the end. */
  blockSize?: number;
  /** Blocks that might be under way then. */
  window?: number;
}

/** A folder came in which there is nothing. */
interface Folder extends Transfer {
  event: 'folder';
  path: string;
}

/** An earlier transfer has brought the file: nothing was sent. */
interface AlreadyThere extends Transfer {
  event: 'already-there';
  size: number;
  sha256: string;
  /** Where it was received, if it is there still. */
  path?: string;
  incoming?: true;
}

/** Shows an event to the user, in the way that the flags and the terminal ask for. */
export type Report = (event: Event) => void;
