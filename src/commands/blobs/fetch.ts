import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { BitOfBinary } from '../../protocol/bob/bit-of-binary.js';
import type { HandlerRegistry } from '../../protocol/handler-registry.js';
import type { Reporter } from '../../ui/report.js';
import {
  type AccountFlags,
  addAccountOptions,
  requireAccount,
} from '../account/account-options.js';
import { type Context, type OutputFlags, UsageError } from '../context.js';
import { addExamples } from '../help/examples.js';
import { addOutputOptions, repeatable } from '../options.js';

export interface FetchFlags extends AccountFlags, OutputFlags {
  from?: string[];
  output?: string;
  cache: boolean;
}

/** How long one who is busy is asked again: a page full of images needs its turn, too. */
const PATIENCE_MS = 300_000;

export function addFetchCommand(program: Command, context: Context): void {
  const command = program
    .command('fetch')
    .summary('fetch a blob by its cid')
    .description(
      'Fetches a blob, from the cache or from others, checks it, and prints the path of the file.',
    )
    .argument('<cid>', 'algo+hash@bob.xmpp.org, with or without "cid:" before it')
    .addOption(
      repeatable(
        '--from <jid>',
        'whom to ask, each in turn; a bare JID means its resource inband, then those online that serve blobs',
      ),
    )
    .option(
      '-o, --output <path>',
      'the file to write, "-" for standard output; default: the cid, with the ending of its type',
    )
    .option('--no-cache', 'ask even if it is in the cache');
  addOutputOptions(addAccountOptions(command)).action((cid: string, flags: FetchFlags) =>
    fetchBlob(cid, flags, context),
  );
  addExamples(command, [
    'inband fetch --from juliet@example.org cid:sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org',
    'inband fetch -o smile.png --from juliet@example.org sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org',
  ]);
}

export async function fetchBlob(text: string, flags: FetchFlags, context: Context): Promise<void> {
  const reporter = await context.reporter(flags);
  const { readContentId } = await import('../../protocol/bob/content-id.js');
  const { findBlob } = await import('../../protocol/bob/blob-store.js');
  if (!/^[^@\s]+@[^@\s]+$/.test(text)) {
    throw new UsageError(`"${text}" is not a cid; one looks like sha-256+…@bob.xmpp.org`);
  }
  if (flags.json && flags.output === '-') {
    throw new UsageError('--json and "-o -" both want standard output; choose one');
  }
  const cid = readContentId(text);
  const registry = await context.createRegistry();
  const cached = flags.cache ? await findBlob(registry, cid) : undefined;
  const { blob, peer } = cached
    ? { blob: cached, peer: undefined }
    : await askAll(cid, flags, context, registry, reporter);
  if (blob.unverified) {
    reporter.warn(`${cid} has no hash that can be checked: the bytes are what ${peer} says`);
  }
  if (flags.output === '-') {
    await pipeline(Readable.from([blob.bytes]), context.stdout, { end: false });
    return;
  }
  const path = await context.saveFile(blob.bytes, await where(blob, flags.output));
  const { type, bytes, unverified } = blob;
  const marks = { ...(unverified ? { unverified } : {}), ...(peer ? { peer } : {}) };
  reporter.report({ event: 'blob', cid, type, size: bytes.length, ...marks, path });
}

async function where({ cid, type }: BitOfBinary, output: string | undefined) {
  if (output) return { over: output };
  const { default: mime } = await import('mime/lite');
  const extension = mime.getExtension(type);
  return { name: extension ? `${cid}.${extension}` : cid };
}

interface Fetched {
  blob: BitOfBinary;
  peer: string;
}

async function askAll(
  cid: string,
  flags: FetchFlags,
  context: Context,
  registry: HandlerRegistry,
  reporter: Reporter,
): Promise<Fetched> {
  const { holders, readHolder } = await import('../../transfer/finding/holders.js');
  const { BitsOfBinary } = await import('../../protocol/bob/bits-of-binary.js');
  if (!flags.from?.length) {
    const why = flags.cache ? `${cid} is not in the cache` : 'the cache is not to be looked into';
    throw new UsageError(`${why}; say whom to ask: --from <jid>`);
  }
  const peers = flags.from.map(readHolder);
  requireAccount(flags);
  const { openAccount } = await import('../account/account.js');
  const { goOnline } = await import('../../transfer/connect.js');
  const { report } = reporter;
  const { connect } = openAccount(flags, context, report);
  const session = await goOnline(connect, report, { admit: () => false });
  const { signal } = context;
  try {
    const bits = new BitsOfBinary(session, registry);
    const ask = async (peer: string) => ({
      blob: await bits.getBlob({ jid: peer, cid, cached: false, signal }),
      peer,
    });
    return await firstInTurn(holders(session, peers, signal), ask, signal, reporter);
  } finally {
    await session.close();
  }
}

/** Where all others have failed, those who were busy are asked again. Rejects as `firstOf` does. */
async function firstInTurn(
  peers: AsyncIterable<string>,
  ask: (peer: string) => Promise<Fetched>,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<Fetched> {
  const { Turn } = await import('../../transfer/sending/turn.js');
  const { isBusy } = await import('../../transfer/recipient-errors.js');
  const turn = new Turn(PATIENCE_MS, reporter.report);
  let candidates: AsyncIterable<string> | string[] = peers;
  for (;;) {
    const busy: string[] = [];
    const askNoting = (peer: string) =>
      ask(peer).catch((error: Error) => {
        if (isBusy(error)) busy.push(peer);
        throw error;
      });
    try {
      return await firstOf(candidates, askNoting, signal, reporter);
    } catch (error) {
      signal.throwIfAborted();
      if (busy.length === 0) throw error;
      await turn.wait(busy, error as Error, signal);
      candidates = busy;
    }
  }
}

/** Rejects with the error of one who sent something else, if there was one, or that of the last. */
async function firstOf(
  peers: AsyncIterable<string> | Iterable<string>,
  ask: (peer: string) => Promise<Fetched>,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<Fetched> {
  let worst: Error | undefined;
  for await (const peer of peers) {
    try {
      return await ask(peer);
    } catch (error) {
      signal.throwIfAborted();
      reporter.note((error as Error).message);
      if (worst?.name !== 'BlobMismatch') worst = error as Error;
    }
  }
  throw worst;
}
