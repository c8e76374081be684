import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where blobs are kept, as the XDG Base Directory Specification has it: relative values are ignored. */
export function blobFolders(env: NodeJS.ProcessEnv): { published: string; cached: string } {
  const home = absolute(env.HOME) ?? homeOfUser();
  const data = absolute(env.XDG_DATA_HOME) ?? join(home, '.local', 'share');
  const cache = absolute(env.XDG_CACHE_HOME) ?? join(home, '.cache');
  return { published: join(data, 'inband', 'blobs'), cached: join(cache, 'inband', 'blobs') };
}

function absolute(path: string | undefined): string | undefined {
  return path && isAbsolute(path) ? path : undefined;
}

/** Where there is nothing, and nothing can be made: who has no home finds no blobs, and can keep none. */
const NOWHERE = '/dev/null/no-home-set-HOME';

function homeOfUser(): string {
  try {
    return absolute(homedir()) ?? NOWHERE;
  } catch {
    return NOWHERE; // some users have no entry in passwd: in a container, or under systemd
  }
}
