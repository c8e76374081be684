import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FolderInUse } from '../../transfer/inbox-errors.js';
import { type Context, UsageError } from '../context.js';

/**
 * Does it while no other login or logout changes the settings or a file of a password beside them. The folder is made
 * if it is absent. Throws `UsageError` where another one takes too long, and the signal's reason where that comes before.
 */
export async function whileLocked<T>(
  { settingsPath, whileLocked: locked }: Pick<Context, 'settingsPath' | 'whileLocked'>,
  job: () => Promise<T>,
): Promise<T> {
  const folder = dirname(settingsPath);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return await locked(folder, job);
  } catch (error) {
    if (!(error instanceof FolderInUse)) throw error;
    throw new UsageError(`another inband keeps ${folder} locked`, 'run the command again');
  }
}
