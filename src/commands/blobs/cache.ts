import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { ListedBlob } from '../../transfer/blob-cache.js';
import { display } from '../../ui/display.js';
import type { Context, OutputFlags } from '../context.js';
import { addExamples } from '../help/examples.js';
import { addOutputOptions } from '../options.js';

export function addCacheCommand(program: Command, context: Context): void {
  const cache = program
    .command('cache')
    .summary('list, remove or prune blobs')
    .description('Looks after the blobs that were fetched, and those that are published.');
  const list = cache
    .command('list')
    .description('Prints cid, "published" or "fetched", type, size, end and sender, with tabs.');
  addOutputOptions(list).action((flags: OutputFlags) => listCache(flags, context));
  const remove = cache
    .command('remove')
    .description('Removes blobs. One that is published is not given out any more.')
    .argument('<cid...>');
  addOutputOptions(remove).action((cids: string[], flags: OutputFlags) =>
    removeFromCache(cids, flags, context),
  );
  const prune = cache
    .command('prune')
    .description('Removes what is expired, damaged, or left over by processes that were killed.');
  addOutputOptions(prune).action((flags: OutputFlags) => pruneCache(flags, context));
  for (const command of cache.commands) command.exitOverride();
  addExamples(cache, ['inband cache list', 'inband cache list | cut -f 1,3', 'inband cache prune']);
  addExamples(list, ['inband cache list', 'inband cache list --json']);
  addExamples(remove, [
    'inband cache remove sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org',
    'inband cache list | grep image/png | cut -f 1 | xargs inband cache remove',
  ]);
  addExamples(prune, ['inband cache prune']);
}

async function listCache(flags: OutputFlags, context: Context): Promise<void> {
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

/** All that are there go, also when others are not there. */
async function removeFromCache(cids: string[], flags: OutputFlags, context: Context) {
  const { removeBlobs } = await import('../../transfer/blobs/remove-blobs.js');
  const { report } = await context.reporter(flags);
  await removeBlobs(cids, await context.createRegistry(), report);
}

async function pruneCache(flags: OutputFlags, context: Context): Promise<void> {
  const { note } = await context.reporter(flags);
  await (await context.openCache()).prune();
  note('removed what is expired or damaged');
}
