import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { type Command, Option } from 'commander';
import type { BitOfBinary } from '../protocol/bob/bit-of-binary.js';
import { HASH_ALGORITHMS } from '../protocol/bob/content-id.js';
import type { HandlerRegistry } from '../protocol/handler-registry.js';
import type { Session } from '../session/session.js';
import { receiverOf } from '../transfer/finding/receiver.js';
import type { Reporter } from '../ui/report.js';
import { addAccountOptions, rememberPassword, requireAccount } from './account/account.js';
import { type Context, UsageError } from './context.js';
import { addExamples } from './help/examples.js';
import { statNamed } from './named-files.js';
import { addOutputOptions, integer } from './options.js';
import { allowOption, announce, type ServeFlags, startServing, untilEnded } from './serve.js';

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
    .option(
      '--max-age <seconds>',
      'how long it is given out, and others may keep it; 0: given out without an end, not to be kept',
      integer(0, 2 ** 31 - 1),
    )
    .addOption(
      new Option('--hash <algorithm>', 'of the cid').choices(HASH_ALGORITHMS).default('sha-256'),
    )
    .option('--serve', 'go online and give them out until interrupted')
    .addOption(allowOption());
  addOutputOptions(addAccountOptions(command)).action(
    (files: string[], flags: PublishFlags, self: Command) =>
      publish(files, flags, context, self.getOptionValueSource('allow') === 'cli'),
  );
  addExamples(command, [
    'inband publish smile.png',
    'inband publish --max-age 86400 --serve *.png',
  ]);
}

/** Nothing is stored before all files are found fit for it. `isAllowing`: `--allow` was given, and is no default. */
export async function publish(
  files: string[],
  flags: PublishFlags,
  context: Context,
  isAllowing = false,
): Promise<void> {
  const reporter = await context.reporter(flags);
  if (flags.serve) requireAccount(flags);
  else if (isAllowing) {
    throw new UsageError(
      '--allow goes with --serve; without it "inband receive" gives the blob out, to those whom its own --allow lets in',
    );
  }
  const registry = await context.createRegistry();
  const blobs: BitOfBinary[] = [];
  for (const file of files) blobs.push(await readBlob(file, flags, reporter, context.signal));
  for (const blob of blobs) {
    const { cid, type, bytes } = blob;
    await registry.run('bob', 'set_bob', { args: blob });
    reporter.report({ event: 'blob', cid, type, size: bytes.length });
  }
  const cids = blobs.map(({ cid }) => cid);
  if (flags.serve) await serve(cids, flags, context, registry, reporter);
}

async function readBlob(
  file: string,
  flags: PublishFlags,
  reporter: Reporter,
  signal: AbortSignal,
) {
  const { createBlob } = await import('../protocol/bob/blob-store.js');
  const { MAX_BLOB_BYTES } = await import('../protocol/bob/stanzas.js');
  const { hash, maxAge } = flags;
  const bytes = await readStart(file, MAX_BLOB_BYTES + 1, signal);
  if (bytes.length > MAX_BLOB_BYTES) {
    throw new UsageError(
      `${file} has more than ${MAX_BLOB_BYTES} bytes, too many for a blob; use "inband send"`,
    );
  }
  if (bytes.length > RECOMMENDED_BYTES) {
    const size = `${file} has ${bytes.length} bytes`;
    reporter.warn(`${size}; many programs take blobs up to ${RECOMMENDED_BYTES} only`);
  }
  const type = flags.type ?? (await typeByName(file));
  return createBlob(bytes, type, { hash, maxAge });
}

async function typeByName(file: string): Promise<string> {
  const { default: mime } = await import('mime/lite');
  return mime.getType(file) ?? 'application/octet-stream';
}

/** No more of the file than can be told to be too much. */
async function readStart(file: string, limit: number, signal: AbortSignal): Promise<Buffer> {
  const stats = await statNamed(file, 'rename it');
  if (stats.isDirectory()) throw new UsageError(`${file} is a directory; name the files in it`);
  const { openPipe } = await import('./account/pipes.js');
  const source = stats.isFIFO() ? await openPipe(file) : createReadStream(file);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of addAbortSignal(signal, source)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= limit) break;
  }
  return Buffer.concat(chunks);
}

async function serve(
  cids: string[],
  flags: PublishFlags,
  context: Context,
  registry: HandlerRegistry,
  reporter: Reporter,
): Promise<void> {
  const { lookForServer } = await import('./scout.js');
  const { persevere } = await import('./persevere.js');
  const { Quotas } = await import('../transfer/receiving/quotas.js');
  const known = await rememberPassword(flags, context);
  const found = await lookForServer(cids, known.flags, known.context, reporter);
  if (!found) return;
  const { signal } = context;
  const quotas = new Quotas(0);
  let { account, isApart } = found;
  await persevere({ signal, reporter, renew: known.renew }, async (isOnline) => {
    for (; ; [account, isApart] = [requireAccount(flags), false]) {
      const as = { ...known.flags, account };
      const { session } = await startServing(as, known.context, registry, reporter, quotas);
      isOnline();
      const awaited = isApart ? receiverOf(requireAccount(flags)) : undefined;
      await serveOn(session, awaited, context, reporter);
    }
  });
}

/** Resolves when the JID that is awaited, if one is, is free. */
async function serveOn(
  session: Session,
  awaited: string | undefined,
  { signal }: Context,
  reporter: Reporter,
): Promise<void> {
  const { untilFree } = await import('../transfer/until-free.js');
  const over = new AbortController();
  try {
    await announce(session, reporter);
    const either = AbortSignal.any([over.signal, session.ended, signal]);
    const free = awaited === undefined ? undefined : untilFree(session, awaited, either);
    await untilEnded(session, signal, free);
  } finally {
    over.abort();
    await session.close();
  }
}
