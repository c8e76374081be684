import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import mime from 'mime/lite';
import { MAX_BYTES, type NewBlob, publishBlobs } from '../../transfer/blobs/publish-blobs.js';
import { serveBlobs } from '../../transfer/serving/serve-blobs.js';
import { statNamed } from '../../transfer/sources/named-files.js';
import { openPipe } from '../../transfer/sources/pipes.js';
import { refuseSecret } from '../../transfer/sources/secrets.js';
import { openAccount } from '../account/account.js';
import { type AccountFlags, requireAccount } from '../account/account-options.js';
import { secretsOf } from '../account/password.js';
import { type Context, type OutputFlags, UsageError } from '../context.js';

export interface PublishFlags extends AccountFlags, OutputFlags {
  allow?: string[];
  type?: string;
  maxAge?: number;
  hash: string;
  serve?: boolean;
}

/** Publishes the files, and with `--serve` gives them out until interrupted. */
export async function publishFiles(
  files: string[],
  flags: PublishFlags,
  context: Context,
  isAllowing: boolean,
): Promise<void> {
  const { report } = await context.reporter(flags);
  const { signal } = context;
  if (flags.serve) requireAccount(flags);
  else if (isAllowing) {
    throw new UsageError(
      '--allow goes with --serve',
      'without it "inband receive" gives the blob out, to those whom its own --allow lets in',
    );
  }
  const registry = await context.createRegistry();
  const blobs: NewBlob[] = [];
  for (const file of files) {
    await refuseSecret(file, secretsOf(flags, context));
    blobs.push(await readBlob(file, flags.type, signal));
  }
  const { hash, maxAge, allow } = flags;
  const cids = await publishBlobs(blobs, { registry, report, hash, maxAge });
  if (!flags.serve) return;
  const { jid, connect, renew } = openAccount(flags, context, report);
  await serveBlobs(cids, {
    ...{ account: jid, connect, renew, registry, report, signal },
    ...{ allow, allowIn: isAllowing ? undefined : flags.origins?.allow },
    isVerbose: flags.verbose,
  });
}

async function readBlob(
  name: string,
  type: string | undefined,
  signal: AbortSignal,
): Promise<NewBlob> {
  const bytes = await readStart(name, MAX_BYTES + 1, signal);
  if (bytes.length > MAX_BYTES) {
    throw new UsageError(
      `${name} has more than ${MAX_BYTES} bytes, too many for a blob`,
      'use "inband send"',
    );
  }
  return { name, bytes, type: type ?? mime.getType(name) ?? 'application/octet-stream' };
}

/** Reads the file up to the chunk that reaches `limit` bytes: enough to tell that it is too large. */
async function readStart(file: string, limit: number, signal: AbortSignal): Promise<Buffer> {
  const stats = await statNamed(file, 'rename the file');
  if (stats.isDirectory()) throw new UsageError(`${file} is a folder`, 'name the files in it');
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
