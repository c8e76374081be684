import { readProxy } from '../../transfer/people/own-account.js';
import { checkSecret } from '../account/password.js';
import type { Context } from '../context.js';

/**
 * Holds a settings file to what a file of a password is held to, where this proxy stands in it with a password. Throws
 * `UsageError`, or the file system's error.
 */
export async function checkSettingsSecret(
  path: string,
  proxy: unknown,
  context: Pick<Context, 'env'>,
): Promise<void> {
  const hasPassword = typeof proxy === 'string' && Boolean(readProxy(proxy).user?.password);
  if (hasPassword) await checkSecret(path, context, ', with the password of a proxy in it,');
}
