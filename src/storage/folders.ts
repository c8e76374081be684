import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where blobs are kept, as the XDG Base Directory Specification has it: relative values are ignored. */
export function blobFolders(env: NodeJS.ProcessEnv): { published: string; cached: string } {
  const home = absolute(env.HOME) ?? homedir();
  const data = absolute(env.XDG_DATA_HOME) ?? join(home, '.local', 'share');
  const cache = absolute(env.XDG_CACHE_HOME) ?? join(home, '.cache');
  return { published: join(data, 'inband', 'blobs'), cached: join(cache, 'inband', 'blobs') };
}

function absolute(path: string | undefined): string | undefined {
  return path && isAbsolute(path) ? path : undefined;
}
