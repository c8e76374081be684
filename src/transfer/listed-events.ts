// The events of what is there: blobs, keys, settings, resources, and what has arrived.
import type { NotedSecrecy } from './keys/rules.js';
import type { AnyWayName } from './ways/names.js';

/** A blob was fetched (with `path`) or published; or is listed, with `published`. */
export interface Blob {
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
export interface Received extends NotedSecrecy {
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
export interface OwnKey {
  event: 'key';
  /** Bare. */
  jid: string;
  key: string;
  /** What a QR code of it has. */
  uri: string;
}

/** A key of somebody's, for `inband trust`. */
export interface Trust {
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
  /** Why `inband send` would choose it and then refuse to send, by its key. */
  refused?: string;
  /** What is known of its program. */
  remark?: string;
  /** Its key, if it has one. */
  peerKey?: string;
  /** What may carry an encrypted file beside the XMPP stream, best first; see `lane`. `theirs`: a proxy of its server. */
  lanes?: string[];
  /** Why nothing does, where an encrypted file goes inside of it. */
  inBand?: string;
  /** What is known of its key; `CHANGED`: another one is known, or none is there any more. */
  trust?: 'new' | 'known' | 'verified' | 'CHANGED';
}

/** Whether the own server takes uploads, for `inband probe`. */
export interface Uploads {
  event: 'uploads';
  /** The service; or the server, where it has none. */
  peer: string;
  isTaken: boolean;
  /** Bytes of the largest file, where it is told. */
  maxSize?: number;
}
