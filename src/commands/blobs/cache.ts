import type { Command } from 'commander';
import type { Context, OutputFlags } from '../context.js';
import { addExamples } from '../help/examples.js';
import { addOutputOptions } from '../options.js';
import type { Task } from './look-after-cache.js';

export function addCacheCommand(program: Command, context: Context): void {
  const lookAfter = async (what: Task, flags: OutputFlags) => {
    const { lookAfterCache } = await import('./look-after-cache.js');
    await lookAfterCache(what, flags, context);
  };
  const cache = program
    .command('cache')
    .summary('list, remove or prune blobs')
    .description('Looks after the blobs that were fetched, and those that are published.');
  const list = cache
    .command('list')
    .description('Prints cid, "published" or "fetched", type, size, end and sender, with tabs.');
  addOutputOptions(list).action((flags: OutputFlags) => lookAfter({ task: 'list' }, flags));
  const remove = cache
    .command('remove')
    .description('Removes blobs. One that is published is not given out any more.')
    .argument('<cid...>');
  addOutputOptions(remove).action((cids: string[], flags: OutputFlags) =>
    lookAfter({ task: 'remove', cids }, flags),
  );
  const prune = cache
    .command('prune')
    .description('Removes what is expired, damaged, or left over by processes that were killed.');
  addOutputOptions(prune).action((flags: OutputFlags) => lookAfter({ task: 'prune' }, flags));
  addExamples(cache, ['inband cache list', 'inband cache list | cut -f 1,3', 'inband cache prune']);
  addExamples(list, ['inband cache list', 'inband cache list --json']);
  addExamples(remove, [
    'inband cache remove sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org',
    'inband cache list | grep image/png | cut -f 1 | xargs inband cache remove',
  ]);
  addExamples(prune, ['inband cache prune']);
}
