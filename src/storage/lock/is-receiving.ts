import * as files from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isAlive } from './folder-lock.js';
import { systemProcesses } from './processes.js';

/**
 * Whether somebody receives into the folder and gives signs of life, for which it waits up to 30 s. Rejects with the
 * signal's reason.
 */
export const isReceiving = (directory: string, signal: AbortSignal): Promise<boolean> =>
  isAlive(
    join(resolve(directory), '.inband'),
    {
      files,
      processes: systemProcesses,
      now: Date.now,
      sleep: (ms) => setTimeout(ms, undefined, { signal }),
    },
    signal,
  );
