import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

// Where the user's files are, as the XDG Base Directory Specification has it: relative values are ignored.

/** Where blobs are kept. */
export function blobFolders(env: NodeJS.ProcessEnv): { published: string; cached: string } {
  const cache = absolute(env.XDG_CACHE_HOME) ?? join(homeOf(env), '.cache');
  return {
    published: join(dataOf(env), 'inband', 'blobs'),
    cached: join(cache, 'inband', 'blobs'),
  };
}

interface KeyFolders {
  own: string;
  /** The public ones of these. */
  ownPublic: string;
  trusted: string;
}

/** Where the keys of own accounts are, and those of others that are trusted. */
export function keyFolders(env: NodeJS.ProcessEnv): KeyFolders {
  const folder = join(dataOf(env), 'inband');
  return {
    own: join(folder, 'keys'),
    ownPublic: join(folder, 'public-keys'),
    trusted: join(folder, 'trust'),
  };
}

/** Where secrets are kept, and who is trusted: not to be given to others. */
export function secretFolders(env: NodeJS.ProcessEnv): string[] {
  const { own, trusted } = keyFolders(env);
  return [dirname(settingsPath(env)), own, trusted];
}

const dataOf = (env: NodeJS.ProcessEnv): string =>
  absolute(env.XDG_DATA_HOME) ?? join(homeOf(env), '.local', 'share');

/** Where the JIDs of the last login's roster are. */
export const contactsPath = (env: NodeJS.ProcessEnv): string =>
  join(dirname(blobFolders(env).cached), 'contacts');

/** `$XDG_CONFIG_HOME/inband/config.toml`, by default below `~/.config`, on macOS too; on Windows below `%APPDATA%`. */
export function settingsPath(env: NodeJS.ProcessEnv, platform = process.platform): string {
  const byPlatform = platform === 'win32' ? absolute(env.APPDATA) : undefined;
  const folder = absolute(env.XDG_CONFIG_HOME) ?? byPlatform ?? join(homeOf(env), '.config');
  return join(folder, 'inband', 'config.toml');
}

function absolute(path: string | undefined): string | undefined {
  return path && isAbsolute(path) ? path : undefined;
}

/** Nothing is there, and nothing can be made there: without a home there are no blobs and no settings. */
const NOWHERE = '/dev/null/no-home-set-HOME';

function homeOf(env: NodeJS.ProcessEnv): string {
  try {
    return absolute(env.HOME) ?? absolute(homedir()) ?? NOWHERE;
  } catch {
    return NOWHERE; // some users have no entry in passwd: in a container, or under systemd
  }
}
