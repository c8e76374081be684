import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import mime from 'mime/lite';
import { type Fetched, fetchBlobs } from '../../transfer/blobs/fetch-blob.js';
import type { Report } from '../../transfer/events.js';
import { remembering } from '../../transfer/people/known-contacts.js';
import { FilesFailed } from '../../transfer/sources/source.js';
import { openAccount } from '../account/account.js';
import type { AccountFlags } from '../account/account-options.js';
import { excluding } from '../account/origin.js';
import { type Context, type OutputFlags, UsageError } from '../context.js';
import type { IsTyped } from '../lane.js';
import { requireCids } from './cids.js';

export interface FetchFlags extends AccountFlags, OutputFlags {
  from?: string[];
  output?: string;
  cache: boolean;
}

/**
 * Fetches blobs, and writes each to a file, or the only one to standard output. Of several, one that fails does not stop
 * the others; the user is told of each (`FilesFailed`).
 */
export async function fetch(
  texts: string[],
  given: FetchFlags,
  context: Context,
  isTyped: IsTyped,
): Promise<void> {
  const flags = withoutWishes(given, texts.length, isTyped);
  const { report } = await context.reporter(flags);
  checkUsage(texts, flags);
  const outcomes = fetchBlobs(texts, {
    from: flags.from ?? [],
    isCached: flags.cache,
    registry: await context.createRegistry(),
    // What is in the cache takes no account.
    connect: async (as) =>
      remembering(openAccount(flags, context, report).connect, context.contacts)(as),
    ...{ report, signal: context.signal },
  });
  const isOnly = texts.length === 1;
  const { exitCodeOf, textOf, hintsOf } = await context.failures();
  let first: Error | undefined;
  for await (const { cid, fetched, error } of outcomes) {
    context.signal.throwIfAborted();
    if (fetched) await save(fetched, isOnly, flags, context, report);
    else if (isOnly) throw error;
    else {
      const hints = hintsOf(error);
      report({
        event: 'failed',
        error: textOf(error) ?? '',
        ...(hints.length > 0 ? { hints } : {}),
        exitCode: exitCodeOf(error),
        name: cid,
      });
      first ??= error;
    }
  }
  if (first) throw new FilesFailed(first);
}

async function save(
  fetched: Fetched,
  isOnly: boolean,
  { output }: FetchFlags,
  context: Context,
  report: Report,
): Promise<void> {
  const { blob, peer } = fetched;
  const { cid, type, bytes, unverified } = blob;
  if (unverified) {
    const warning = `${cid} has no hash that can be checked: the bytes are what ${peer} says`;
    report({ event: 'warning', text: warning });
  }
  if (output === '-') return pipeline(Readable.from([bytes]), context.stdout, { end: false });
  const where = isOnly && output ? { over: output } : { name: nameOf(fetched), folder: output };
  const path = await context.saveFile(bytes, where);
  const marks = { ...(unverified ? { unverified } : {}), ...(peer ? { peer } : {}) };
  report({ event: 'blob', cid, type, size: bytes.length, ...marks, path });
}

/** What is in the settings gives way to what was typed. */
function withoutWishes(flags: FetchFlags, count: number, isTyped: IsTyped): FetchFlags {
  if (flags.output !== '-') return flags;
  const { output, ...others } = flags;
  if (!isTyped('output')) return isTyped('json') || count > 1 ? others : flags;
  return isTyped('json') ? flags : { ...flags, json: false };
}

/** Throws `UsageError`. */
function checkUsage(cids: string[], flags: FetchFlags): void {
  requireCids(cids);
  if (flags.output !== '-') return;
  if (flags.json) {
    throw excluding(
      flags,
      new UsageError('--json and "--output -" both want standard output', 'choose one'),
    );
  }
  if (cids.length > 1) {
    throw new UsageError('standard output takes one blob only', 'give a folder: -o <folder>');
  }
}

function nameOf({ blob: { cid, type } }: Fetched): string {
  const extension = mime.getExtension(type);
  return extension ? `${cid}.${extension}` : cid;
}
