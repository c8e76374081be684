import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { safeName } from '../../src/storage/safe-name.js';
import { hashOfFile } from './files.js';

const ODD = [
  'a b',
  "it's",
  'é\u0301',
  '.dot',
  '-rf',
  'a:b',
  'a_b',
  'x'.repeat(200),
  '日本',
  '$(x)',
];

/**
 * Makes a folder with so many files in folders up to six deep: one of `largest` bytes where there are more than 200, some
 * without bytes, and two folders without files.
 */
export async function makeTree(folder: string, count: number, largest = 5_000_000): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const depth = index % 7;
    const folders = ODD.slice(depth, depth + (index % 5));
    const path = join(folder, ...folders, nameOf(index));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, randomBytes(index === 200 ? largest : index % 9 === 0 ? 0 : 700));
  }
  await mkdir(join(folder, 'none', 'at all'), { recursive: true });
  await mkdir(join(folder, 'nothing'));
}

/** Two of them are the same when they are safe. */
function nameOf(index: number): string {
  if (index === 15) return 'c:d';
  if (index === 25) return 'c_d';
  return index % 10 === 0 ? `${ODD[(index / 10) % ODD.length]}${index}` : `${index}`;
}

/** All files below a folder with their hashes, and the folders without files, by their paths. */
async function contentOf(folder: string, rename: (name: string) => string) {
  const content: [string, string][] = [];
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const at = join(folder, path);
    const isFolder = statSync(at).isDirectory();
    if (isFolder && readdirSync(at).length > 0) continue;
    const told = path.split('/').map(rename).join('/');
    content.push([told, isFolder ? 'a folder' : await hashOfFile(at)]);
  }
  return content.sort((one, other) => (`${one}` < `${other}` ? -1 : 1));
}

/** What an inbox is to have of a tree. */
export const contentSent = (folder: string) => contentOf(folder, safeName);

/** What it has. Two names may be one when they are safe: the second one to come has another name. */
export const contentArrived = (folder: string) =>
  contentOf(folder, (name) => name.replace(/ \(1\)$/, ''));
