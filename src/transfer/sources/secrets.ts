// What inband keeps secret is never sent, however it is named: a folder that has it is sent without it.
import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { withHints } from '../../session/hints.js';
import { SourceUnusable } from './source.js';

/** Why something stays here. */
export const HAS_SECRETS = 'inband keeps passwords or keys in it';

/** The real paths of files and folders; one that is not there may come yet, and is taken as it is. */
export const realPaths = (paths: readonly string[]): Promise<string[]> =>
  Promise.all(paths.map((path) => realpath(path).catch(() => resolve(path))));

/** Whether a path is one of these, or below it; all are real. */
export const isOneOf = (places: readonly string[], path: string): boolean =>
  places.some((place) => path === place || path.startsWith(`${place}${sep}`));

/** Rejects with `SourceUnusable` for what is one of these files and folders, or is below one, wherever links lead. */
export async function refuseSecret(path: string, secrets: readonly string[]): Promise<void> {
  const [real = path, ...places] = await realPaths([path, ...secrets]);
  if (!isOneOf(places, real)) return;
  throw withHints(
    new SourceUnusable(`${path} stays here: ${HAS_SECRETS}`),
    'to use the account elsewhere, too: "inband login" there; "inband key export" gives its key',
  );
}
