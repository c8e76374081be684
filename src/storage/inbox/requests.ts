import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { type Files, unless } from '../files.js';
import { removeOwn } from '../own-file.js';

/** A file that asks the one who holds the inbox to do once more what failed. */
const requestPath = (staging: string) => join(staging, 'exec-again');

/** Asks whoever receives into this folder. */
export async function putRequest(inbox: string): Promise<void> {
  const path = requestPath(join(inbox, '.inband'));
  await unless(['EEXIST'], fs.writeFile(path, '', { flag: 'wx', mode: 0o600 }));
}

/** Whether somebody has asked; from then on it counts as heard. */
export async function takeRequest(files: Files, staging: string): Promise<boolean> {
  const path = requestPath(staging);
  if (!(await unless(['ENOENT', 'ENOTDIR'], files.lstat(path)))) return false;
  await removeOwn(path, files);
  return true;
}
