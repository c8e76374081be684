import type { TestServer } from '../test/support/servers/server.js';
import type { Contestant, Job } from './contestants.js';

export interface Section {
  title: string;
  server: () => Promise<TestServer>;
  /** Milliseconds of round trip added on the sender's side. */
  roundTrip?: number;
  mode?: Job['mode'];
  /** Whose account gets it; default: bob. */
  to?: Job['to'];
  /** Who runs, and how many bytes: enough for a second or more. */
  contestants: [string, Contestant, bytes: number][];
}
