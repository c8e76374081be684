import * as fs from 'node:fs/promises';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import { systemProcesses } from '../../../src/storage/lock/processes.js';
import type { Inbox } from '../../../src/transfer/receiving/inbox.js';
import { temporaryFolders } from '../temporary-folder.js';

export const ROMEO = 'romeo@montague.example';

/** Receives a file with a path, as whoever receives does. */
export async function publish(
  inbox: Inbox,
  offered: string[],
  { account = ROMEO, text = 'hello', isExecutable = false } = {},
): Promise<string> {
  const partial = await inbox.createPartial({ account });
  await partial.write(Buffer.from(text));
  const record = { account, peer: `${account}/x`, offered, isDue: false };
  try {
    return await partial.publish(offered.at(-1) as string, { record, isExecutable });
  } catch (error) {
    await partial.discard(); // as whoever receives does
    throw error;
  }
}

/** Opens inboxes, each beside a folder that nothing may get into; for the top of a test file. */
export function inboxesBeside() {
  const temporaryFolder = temporaryFolders();
  return async () => {
    const [root, folder] = [await temporaryFolder(), await temporaryFolder()];
    const outside = join(root, 'outside');
    await mkdir(outside);
    const reopen = (files: typeof fs = fs) =>
      openInbox(folder, {}, { files, processes: systemProcesses, now: Date.now });
    return { folder, outside, reopen, inbox: await reopen() };
  };
}

/** What is below a folder, but for what is ours. */
export const listed = async (folder: string) =>
  (await readdir(folder, { recursive: true })).filter((path) => !path.startsWith('.inband')).sort();
