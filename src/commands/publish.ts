import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import mime from 'mime/lite';
import { HASH_ALGORITHMS } from '../protocol/bob/content-id.js';
import { addAccountOptions, requireAccount } from './account.js';
import { type Context, UsageError } from './context.js';
import { addOutputOptions, integer } from './options.js';
import { allowOption, type ServeFlags, startServing, untilEnded } from './serve.js';

export interface PublishFlags extends ServeFlags {
  type?: string;
  maxAge?: number;
  hash: string;
  serve?: boolean;
}

/** XEP-0231 §2.1: blobs should not be larger. */
const RECOMMENDED_BYTES = 8 * 1024;

export function addPublishCommand(program: Command, context: Context): void {
  const command = program
    .command('publish')
    .summary('store small files as blobs and print their cids')
    .description(
      'Stores each file as a blob, to be given out by "inband receive" or --serve, and prints its cid.',
    )
    .argument('<file...>', 'at most 64 KiB each')
    .option('--type <media type>', 'of all the files; default: by the ending of the name')
    .option('--max-age <seconds>', 'how long others may keep it; 0: not at all', integer(0))
    .addOption(
      new Option('--hash <algorithm>', 'of the cid').choices(HASH_ALGORITHMS).default('sha-256'),
    )
    .option('--serve', 'go online and give them out until interrupted')
    .addOption(allowOption());
  addOutputOptions(addAccountOptions(command)).action((files: string[], flags: PublishFlags) =>
    publish(files, flags, context),
  );
}

export async function publish(
  files: string[],
  flags: PublishFlags,
  context: Context,
): Promise<void> {
  if (flags.serve) requireAccount(flags);
  const registry = await context.createRegistry();
  const reporter = await context.reporter(flags);
  const { isMediaType } = await import('../protocol/bob/stanzas.js');
  const { setBlob } = await import('../protocol/bob/bits-of-binary.js');
  if (flags.type && !isMediaType(flags.type)) {
    throw new UsageError(`"${flags.type}" is not a media type; one looks like image/png`);
  }
  for (const file of files) {
    const bytes = await readFile(file);
    const { length: size } = bytes;
    if (size > RECOMMENDED_BYTES) {
      reporter.warn(
        `${file} has ${size} bytes; many programs take blobs up to ${RECOMMENDED_BYTES} only`,
      );
    }
    const type = flags.type ?? mime.getType(file) ?? 'application/octet-stream';
    const { hash, maxAge } = flags;
    const cid = await setBlob(registry, bytes, type, { hash, maxAge });
    reporter.report({ event: 'blob', cid, type, size });
  }
  if (!flags.serve) return;
  const session = await startServing(flags, context, registry, reporter);
  try {
    await untilEnded(session, context.signal);
  } finally {
    await session.close();
  }
}
