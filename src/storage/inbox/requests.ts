import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { type Files, unless } from '../files.js';
import { removeOwn } from '../own-file.js';

/** A file that asks the one who holds the inbox to do once more what failed. */
const requestPath = (staging: string) => join(staging, 'exec-again');

/** Another one says that this is being done. */
const answerPath = (staging: string) => join(staging, 'exec-again.running');

const stagingOf = (inbox: string) => join(inbox, '.inband');

/** Asks whoever receives into this folder. */
export async function putRequest(inbox: string): Promise<void> {
  await put(requestPath(stagingOf(inbox)));
}

/** Whether somebody has asked, and it is not over yet. */
export async function isRequested(inbox: string): Promise<boolean> {
  const staging = stagingOf(inbox);
  // In the order in which they go.
  return (await isThere(fs, requestPath(staging))) || isThere(fs, answerPath(staging));
}

/** Whether somebody has asked; from then on it is being done, until `endRequest`. */
export async function takeRequest(files: Files, staging: string): Promise<boolean> {
  const path = requestPath(staging);
  if (!(await isThere(files, path))) return false;
  await put(answerPath(staging));
  await removeOwn(path, files);
  return true;
}

/** What was asked for is over. */
export const endRequest = (files: Files, staging: string): Promise<void> =>
  removeOwn(answerPath(staging), files);

const put = (path: string) =>
  unless(['EEXIST'], fs.writeFile(path, '', { flag: 'wx', mode: 0o600 }));

const isThere = async (files: Pick<Files, 'lstat'>, path: string): Promise<boolean> =>
  (await unless(['ENOENT', 'ENOTDIR'], files.lstat(path))) !== undefined;
