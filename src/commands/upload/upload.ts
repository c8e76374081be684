import type { Command } from 'commander';
import { addAccountOptions } from '../account/account-options.js';
import type { Context } from '../context.js';
import { addExamples } from '../help/examples.js';
import { limitRateOption, timeOption } from '../measures.js';
import { addOutputOptions } from '../options.js';
import type { UploadFlags } from './upload-files.js';

export function addUploadCommand(program: Command, context: Context): void {
  const command = program
    .command('upload')
    .summary('put files on your server and print their addresses')
    .description(
      'Puts each file on your server (XEP-0363), and prints the URL of each, for whoever has it: it lies there unencrypted, as long as the server keeps it.',
    )
    .argument('<file...>', 'the files')
    .addOption(
      timeOption(
        '--retry-for <time>',
        'how long to try again without progress; 0: not at all',
      ).default(900),
    )
    .addOption(limitRateOption());
  addOutputOptions(addAccountOptions(command)).action(
    async (files: string[], flags: UploadFlags) => {
      const { uploadFiles } = await import('./upload-files.js');
      await uploadFiles(files, flags, context);
    },
  );
  addExamples(command, ['inband upload holiday.mp4', 'inband upload --limit-rate 500k *.pdf']);
}
