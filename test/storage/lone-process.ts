import type { Processes } from '../../src/storage/lock/processes.js';

/** A process for which all others, and so the holders of locks, are dead. */
export function loneProcess(pid: number): Processes {
  return {
    pid,
    startOf: async (other) => (other === pid ? 'now' : undefined),
    place: async () => 'here',
  };
}
