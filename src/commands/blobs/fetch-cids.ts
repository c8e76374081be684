import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import mime from 'mime/lite';
import { type Fetched, fetchBlob } from '../../transfer/blobs/fetch-blob.js';
import { openAccount } from '../account/account.js';
import type { AccountFlags } from '../account/account-options.js';
import { type Context, type OutputFlags, UsageError } from '../context.js';

export interface FetchFlags extends AccountFlags, OutputFlags {
  from?: string[];
  output?: string;
  cache: boolean;
}

/** Fetches a blob, and writes it to a file or to standard output. */
export async function fetch(text: string, flags: FetchFlags, context: Context): Promise<void> {
  const { report } = await context.reporter(flags);
  checkUsage(text, flags);
  const fetched = await fetchBlob(text, {
    from: flags.from ?? [],
    isCached: flags.cache,
    registry: await context.createRegistry(),
    // What is in the cache takes no account.
    connect: async (as) => openAccount(flags, context, report).connect(as),
    ...{ report, signal: context.signal },
  });
  const { blob, peer } = fetched;
  const { cid, type, bytes, unverified } = blob;
  if (unverified) {
    const warning = `${cid} has no hash that can be checked: the bytes are what ${peer} says`;
    report({ event: 'warning', text: warning });
  }
  if (flags.output === '-') {
    return pipeline(Readable.from([bytes]), context.stdout, { end: false });
  }
  const path = await context.saveFile(bytes, where(fetched, flags.output));
  const marks = { ...(unverified ? { unverified } : {}), ...(peer ? { peer } : {}) };
  report({ event: 'blob', cid, type, size: bytes.length, ...marks, path });
}

/** Throws `UsageError`. */
function checkUsage(cid: string, { json, output }: FetchFlags): void {
  if (!/^[^@\s]+@[^@\s]+$/.test(cid)) {
    throw new UsageError(`"${cid}" is not a cid; one looks like sha-256+…@bob.xmpp.org`);
  }
  if (json && output === '-') {
    throw new UsageError('--json and "-o -" both want standard output; choose one');
  }
}

function where({ blob: { cid, type } }: Fetched, output: string | undefined) {
  if (output) return { over: output };
  const extension = mime.getExtension(type);
  return { name: extension ? `${cid}.${extension}` : cid };
}
