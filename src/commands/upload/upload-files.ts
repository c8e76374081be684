import { isOnion } from '../../transfer/people/own-account.js';
import { RateLimit } from '../../transfer/rate-limit.js';
import { outlineOf } from '../../transfer/sources/all-sources.js';
import { closeSources, openSources } from '../../transfer/sources/open-sources.js';
import type { OpenSource, SourceFolder } from '../../transfer/sources/source.js';
import { uploadAll } from '../../transfer/uploads/upload-all.js';
import { openAccount } from '../account/account.js';
import type { AccountFlags } from '../account/account-options.js';
import { WOULD_SHOW } from '../account/hidden.js';
import { secretsOf } from '../account/password.js';
import { type Context, explanationsBy, type OutputFlags, UsageError } from '../context.js';

export interface UploadFlags extends AccountFlags, OutputFlags {
  /** Seconds. */
  retryFor: number;
  /** Bytes a second. */
  limitRate?: number;
}

/** Uploads the files, in their order. */
export async function uploadFiles(
  files: string[],
  flags: UploadFlags,
  context: Context,
): Promise<void> {
  const { stdin, signal } = context;
  const reporter = await context.reporter(flags);
  const { report, warn } = reporter;
  const { jid: account, connect, trust } = openAccount(flags, context, report);
  if (isOnion(account, flags.service)) {
    throw new UsageError(`an upload ${WOULD_SHOW}`, 'send it instead: inband send');
  }
  const sources = await openFiles(
    files,
    { stdin, secrets: secretsOf(flags, context), warn },
    signal,
  );
  await reporter.expect(() => outlineOf(sources, signal), 1);
  await uploadAll(sources, {
    ...{ account, connect, trust, report, signal },
    retryFor: flags.retryFor * 1000,
    limit: flags.limitRate === undefined ? undefined : new RateLimit(flags.limitRate),
    explain: await explanationsBy(context),
  });
}

/** Throws `UsageError` for what has no size, or is several files. */
async function openFiles(
  files: string[],
  input: Parameters<typeof openSources>[1],
  signal: AbortSignal,
): Promise<OpenSource[]> {
  const sources = await openSources(files, input, signal);
  try {
    return sources.map((source, index) => checked(source, files[index] as string));
  } catch (error) {
    await closeSources(sources);
    throw error;
  }
}

function checked(source: OpenSource | SourceFolder, file: string): OpenSource {
  if (!('read' in source)) throw new UsageError(`${file} is a folder`, 'name the files in it');
  if (source.size !== undefined) return source;
  const what = file === '-' ? 'standard input' : file;
  throw new UsageError(
    `the size of ${what} is not known before it is read, and an upload must tell it`,
    'save it as a file first',
  );
}
