/**
 * What a command tells its user, in the order of the fields of a `--json` line. Times RFC 3339, sizes in bytes.
 * `incoming`: the file comes to us. It chooses the words of the human lines and is no field of `--json`.
 */
export type Event =
  | { event: 'state'; state: 'online' | 'resuming' | 'offline'; jid: string }
  | { event: 'offer'; peer: string; name: string; size?: number; incoming?: true }
  | { event: 'start'; peer: string; name: string; size?: number; incoming?: true }
  | { event: 'progress'; peer: string; name: string; bytes: number; size?: number }
  | { event: 'resumed'; peer: string; name: string; offset: number }
  | Done
  | { event: 'failed'; error: string; exitCode: number; peer?: string; name?: string }
  | Blob;

/** A blob was fetched (with `path`) or published; or is listed, with `published`. */
export interface Blob {
  event: 'blob';
  cid: string;
  type: string;
  size: number;
  published?: boolean;
  /** Nobody but the peer says that the bytes are those of the cid. */
  unverified?: true;
  peer?: string;
  path?: string;
}

/** A file arrived whole: sent (no `path`) or received. */
export interface Done {
  event: 'done';
  peer: string;
  name: string;
  size: number;
  sha256: string;
  path?: string;
}

/** Shows an event to the user, in the way that the flags and the terminal ask for. */
export type Report = (event: Event) => void;

/** Tells one transfer from another. Events carry no id; two files of one name to one peer share what is shown. */
export function transferKey({ peer, name }: { peer?: string; name?: string }): string {
  return JSON.stringify([peer, name]);
}
