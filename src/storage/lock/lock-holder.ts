import { createHash, randomBytes } from 'node:crypto';
import type { Processes } from './processes.js';

/**
 * Name of the file in a lock: id of the process, hash of its start, hash of where such ids mean something, and
 * something that no other lock has. Earlier versions do not say where.
 */
const HOLDER = /^(\d{1,10})-([0-9a-f]{16})-(?:([0-9a-f]{16})-[0-9a-f]{19}|[0-9a-f-]{36})$/;

/** A disk over the network gives such a name to what is removed while it is open, and may leave it after a crash. */
const REMOVED = /^\.nfs[0-9a-f]{8,}$/;

/** As long as what a UUID has behind the dashes, so that an older version takes it for a holder, too. */
const RANDOM_DIGITS = 19;

interface Holder {
  /** `elsewhere`: its process cannot be asked for from here. */
  state: 'alive' | 'dead' | 'elsewhere';
  pid: number;
}

export async function nameHolder(processes: Processes): Promise<string> {
  const { pid } = processes;
  const start = await processes.startOf(pid);
  const random = randomBytes(RANDOM_DIGITS).toString('hex').slice(0, RANDOM_DIGITS);
  return `${pid}-${hash(start ?? '')}-${hash(await processes.place())}-${random}`;
}

/** Whether it is the name of a holder's file, or of what is left of one. */
export const isLeftName = (name: string): boolean => HOLDER.test(name) || REMOVED.test(name);

/** What can be known at once of the holder with this name; what is left of one is dead. */
export async function judgeHolder(name: string, processes: Processes): Promise<Holder> {
  const [, digits, start = '', place] = HOLDER.exec(name) ?? [];
  const pid = Number(digits);
  if (!digits) return { state: 'dead', pid };
  if (place && place !== hash(await processes.place())) return { state: 'elsewhere', pid };
  const found = await processes.startOf(pid);
  return { state: found && hash(found) === start ? 'alive' : 'dead', pid };
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);
