import type { Aside } from './asides.js';
import type { AlreadyThere, Done, Folder, OnServer, Start } from './file-events.js';
import type { NotedSecrecy } from './keys/rules.js';
import type { AnyWayName } from './ways/names.js';

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
  | OnServer
  | Folder
  | Failed
  | Blob
  | Setting
  | OwnKey
  | Trust
  | Received
  | Probed
  | Aside;

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
  ways: AnyWayName[];
  /** Milliseconds, the median of three; absent where it does not answer. */
  roundTripMs?: number;
  /** How `inband send` would offer it a file; absent where it would not. */
  via?: AnyWayName;
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

/** Shows an event to the user, in the way that the flags and the terminal ask for. */
export type Report = (event: Event) => void;
