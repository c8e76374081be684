import type { Aside } from './asides.js';
import type { AlreadyThere, Done, Folder, OnServer, Start } from './file-events.js';
import type { Blob, OwnKey, Probed, Received, Setting, Trust, Uploads } from './listed-events.js';

/**
 * What a command tells its user, in the order of the fields of a `--json` line. Times RFC 3339, sizes in bytes.
 * `id`: of the transfer, see `nextTransferId`. `waiting`: nobody is there, and `to`, as the user gave it, is waited for. `incoming`: the file comes to us. It chooses the words of the human lines
 * and is no field of `--json`.
 */
export type Event =
  | { event: 'state'; state: 'online' | 'resuming' | 'offline'; jid: string }
  | (About & { event: 'offer' })
  | { event: 'waiting'; id: number; to: string; error: string; seconds: number }
  | Start
  | (About & { event: 'progress'; bytes: number })
  | (About & { event: 'resumed'; offset: number })
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
  | Uploads
  | Aside;

interface About {
  id: number;
  peer: string;
  name: string;
  isFolder?: true;
  size?: number;
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
  isFolder?: true;
  size?: number;
}

/** Shows an event to the user, in the way that the flags and the terminal ask for. */
export type Report = (event: Event) => void;
