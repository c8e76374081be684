import { type Command, Option } from 'commander';
import { BLOB_HASHES } from '../../transfer/blobs/blob-hashes.js';
import { addAccountOptions } from '../account/account-options.js';
import { allowOption } from '../allow-option.js';
import type { Context } from '../context.js';
import { addExamples } from '../help/examples.js';
import { timeOption } from '../measures.js';
import { addOutputOptions } from '../options.js';
import type { PublishFlags } from './publish-files.js';

export function addPublishCommand(program: Command, context: Context): void {
  const command = program
    .command('publish')
    .summary('store small files as blobs and print their cids')
    .description(
      'Stores each file as a blob, to be given out by "inband receive" or --serve, and prints its cid.',
    )
    .argument('<file...>', 'at most 64 KiB each')
    .option('--type <media type>', 'of all the files; default: by the ending of the name')
    .addOption(
      timeOption(
        '--max-age <time>',
        'how long it is given out, and others may keep it; 0: given out without an end, not to be kept',
        { max: 2 ** 31 - 1, isWhole: true },
      ),
    )
    .addOption(
      new Option('--hash <algorithm>', 'of the cid').choices(BLOB_HASHES).default('sha-256'),
    )
    .option('--serve', 'go online and give them out until interrupted')
    .addOption(allowOption());
  addOutputOptions(addAccountOptions(command)).action(
    (files: string[], flags: PublishFlags, self: Command) =>
      publish(files, flags, context, self.getOptionValueSource('allow') === 'cli'),
  );
  addExamples(command, ['inband publish smile.png', 'inband publish --max-age 1d --serve *.png']);
}

/** `isAllowing`: `--allow` was given, and is no default. */
async function publish(
  files: string[],
  flags: PublishFlags,
  context: Context,
  isAllowing: boolean,
): Promise<void> {
  const { publishFiles } = await import('./publish-files.js');
  await publishFiles(files, flags, context, isAllowing);
}
