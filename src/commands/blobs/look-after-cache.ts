import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ListedBlob } from '../../transfer/blobs/blob-cache.js';
import { removeBlobs } from '../../transfer/blobs/remove-blobs.js';
import { display } from '../../ui/display.js';
import type { Context, OutputFlags } from '../context.js';
import { requireCids } from './cids.js';

/** What `inband cache` does, and with which cids. */
export type Task = { task: 'list' | 'prune' } | { task: 'remove'; cids: string[] };

/** Rejects as `removeBlobs` and the cache do. */
export async function lookAfterCache(
  what: Task,
  flags: OutputFlags,
  context: Context,
): Promise<void> {
  if (what.task === 'remove') return remove(what.cids, flags, context);
  return what.task === 'list' ? list(flags, context) : prune(flags, context);
}

async function list(flags: OutputFlags, context: Context): Promise<void> {
  const { report } = await context.reporter(flags);
  const blobs = await (await context.openCache()).list();
  if (!flags.json) {
    const lines = blobs.map((blob) => `${lineOf(blob)}\n`);
    return pipeline(Readable.from(lines), context.stdout, { end: false });
  }
  for (const { published, cid, type, size, expires, peer } of blobs) {
    const end = expires ? { expires: expires.toISOString() } : {};
    report({ event: 'blob', cid, type, size, published, ...end, ...(peer ? { peer } : {}) });
  }
}

function lineOf({ published, cid, type, size, expires, peer }: ListedBlob): string {
  const kind = published ? 'published' : 'fetched';
  const end = expires ? expires.toISOString() : '-';
  return [cid, kind, type, `${size}`, end, peer ?? '-'].map(display).join('\t');
}

/** Removes the blobs that are there, also when others are not. */
async function remove(cids: string[], flags: OutputFlags, context: Context): Promise<void> {
  const { report } = await context.reporter(flags);
  requireCids(cids);
  await removeBlobs(cids, await context.createRegistry(), report);
}

async function prune(flags: OutputFlags, context: Context): Promise<void> {
  const { report } = await context.reporter(flags);
  const count = await (await context.openCache()).prune();
  const what = count === 1 ? '1 blob' : `${count} blobs`;
  const text = count === 0 ? 'nothing was to be removed' : `removed ${what}, expired or damaged`;
  report({ event: 'notice', text });
}
