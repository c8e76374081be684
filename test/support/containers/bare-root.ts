import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The libraries that the machine's loader finds for an executable, by their paths, the loader with them. */
export async function librariesOf(executable: string): Promise<string[]> {
  const { stdout } = await run('ldd', [executable]);
  return stdout.match(/\/\S+/g) ?? [];
}

/** Debian's package that brings a library. */
export async function packageOf(library: string): Promise<string> {
  // Where /lib is a link to /usr/lib, the package may name either.
  const { stdout } = await run('dpkg', ['--search', `*${library.replace(/^\/usr/, '')}`]);
  return stdout.split(':')[0] ?? '';
}

/** Makes a system in a folder with nothing in it but these libraries, and what finds `localhost`. */
export async function prepareRoot(root: string, libraries: string[]): Promise<void> {
  for (const path of ['dev', 'proc', 'tmp', 'var/lib/dpkg/info', 'var/lib/dpkg/updates']) {
    await mkdir(join(root, path), { recursive: true });
  }
  for (const path of [...libraries, '/etc/hosts', '/etc/nsswitch.conf']) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await copyFile(path, join(root, path));
  }
}

/** A script that runs the `inband` of that system where the script is called: /tmp is that of the machine. */
export const scriptWithin = (root: string): string => `#!/bin/sh
PATH=/usr/bin:/bin exec unshare --map-root-user --mount /bin/sh -c '
  for folder in dev proc tmp; do mount --rbind /$folder "$0/$folder" || exit; done
  exec unshare --root="$0" --wd="$PWD" /usr/bin/inband "$@"
' '${root}' "$@"
`;
