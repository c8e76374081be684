import type { Command } from 'commander';
import { addAccountOptions } from '../account/account-options.js';
import type { Context } from '../context.js';
import { addExamples } from '../help/examples.js';
import { isTypedIn } from '../lane.js';
import { addOutputOptions } from '../options.js';
import { PeopleOption } from '../people.js';
import type { FetchFlags } from './fetch-cids.js';

export function addFetchCommand(program: Command, context: Context): void {
  const command = program
    .command('fetch')
    .summary('fetch blobs by their cids')
    .description(
      'Fetches blobs, from the cache or from others, checks them, and prints the path of each file.',
    )
    .argument('<cid...>', 'algo+hash@bob.xmpp.org, with or without "cid:" before it')
    .addOption(
      new PeopleOption(
        '--from <jid>',
        'whom to ask, each in turn; a bare JID means its resource inband, then those online that serve blobs',
      ),
    )
    .option(
      '-o, --output <path>',
      'the file to write, "-" for standard output, of several the folder; default: the cid, with the ending of its type',
    )
    .option('--no-cache', 'ask even if it is in the cache');
  addOutputOptions(addAccountOptions(command)).action(
    async (cids: string[], flags: FetchFlags, self: Command) => {
      const { fetch } = await import('./fetch-cids.js');
      await fetch(cids, flags, context, isTypedIn(self));
    },
  );
  addExamples(command, [
    'inband fetch --from juliet@example.org cid:sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org',
    'inband fetch -o pictures --from juliet@example.org $(cat cids.txt)',
    'inband fetch -o smile.png --from juliet@example.org sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org',
  ]);
}
