// Fetches a Node that was published on npm.
import { execFileSync, execSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODES = fileURLToPath(new URL('../out/node/', import.meta.url));

/**
 * Fetches it the first time; returns the folder that it is in, which has `bin`. Throws where it is not the one that was
 * chosen: `integrity` is the hash of its tarball.
 * @param {string} name
 * @param {string} version
 * @param {string} integrity
 */
export function fetchNode(name, version, integrity) {
  const specifier = `${name}@${version}`;
  const folder = join(NODES, `${name}-${version}`);
  if (existsSync(folder)) return folder;
  process.stderr.write(`package: fetching ${specifier} from npm\n`);
  mkdirSync(NODES, { recursive: true });
  const cwd = mkdtempSync(join(NODES, 'tmp-'));
  try {
    const packed = execSync(`npm pack ${specifier} --prefer-offline --loglevel=error`, {
      cwd,
      encoding: 'utf8',
    });
    const file = join(cwd, packed.trim());
    const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (found !== integrity)
      throw new Error(`${specifier} is not the one that was chosen: ${found}`);
    // Headers and manuals, most of its files, are not kept.
    const without = ['--exclude', 'package/include', '--exclude', 'package/share'];
    execFileSync('tar', [...without, '-xzf', file], { cwd });
    place(join(cwd, 'package'), folder);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Another process may have been faster.
 * @param {string} fetched
 * @param {string} folder
 */
function place(fetched, folder) {
  try {
    renameSync(fetched, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}
