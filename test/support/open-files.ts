import { readdirSync, readlinkSync } from 'node:fs';

/** The paths below a folder, that folder too, that this process has open; Linux alone tells. */
export function openBelow(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd')
    .map(pathOf)
    .filter((path) => path === folder || path.startsWith(`${folder}/`));
}

function pathOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // that of the listing itself is closed by now
  }
}
