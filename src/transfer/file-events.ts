// The events of one transfer, from its first byte on.
import type { NotedSecrecy } from './keys/rules.js';

/** What the events of one transfer say of it. */
interface Transfer extends Partial<NotedSecrecy> {
  id: number;
  peer: string;
  name: string;
  /** It is a folder without files; its size is 0. */
  isFolder?: true;
  /** The proxy that it goes by beside the XMPP stream, or `direct`; absent: it goes inside. */
  lane?: string;
}

/** The first byte of a file may come. */
export interface Start extends Transfer {
  event: 'start';
  size?: number;
  incoming?: true;
}

/** A file arrived whole: sent (no `path`) or received. */
export interface Done extends Transfer {
  event: 'done';
  size: number;
  sha256: string;
  path?: string;
  /**
   * The recipient did not say that the file is right; or it was fetched from an address, or came beside the stream in the
   * clear, and no hash of it was told.
   */
  unverified?: true;
  /** It said at least that the transfer was a success; otherwise nothing but that all bytes came. */
  success?: true;
  /** Sent in-band: bytes in a block, as it was in the end. */
  blockSize?: number;
  /** Blocks that might be under way then. */
  window?: number;
}

/** A folder came in which there is nothing. */
export interface Folder extends Transfer {
  event: 'folder';
  path: string;
}

/** An earlier transfer has brought the file: nothing was sent. */
export interface AlreadyThere extends Transfer {
  event: 'already-there';
  size: number;
  sha256: string;
  /** Where it was received, if it is there still. */
  path?: string;
  incoming?: true;
}

/** A file lies on a server: for whoever has the address, or its recipient (bare) was told where. Nobody says whether they get it. */
export interface OnServer {
  event: 'left' | 'uploaded';
  id: number;
  /** Whom it is left for, or the service that took it. */
  peer: string;
  name: string;
  size: number;
  sha256: string;
  url: string;
}
