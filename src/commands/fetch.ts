import type { Command } from 'commander';
import mime from 'mime/lite';
import type { BitOfBinary } from '../protocol/bob/bit-of-binary.js';
import type { BitsOfBinary } from '../protocol/bob/bits-of-binary.js';
import type { HandlerRegistry } from '../protocol/handler-registry.js';
import { bareJid } from '../session/jid.js';
import type { Reporter } from '../ui/report.js';
import { type AccountFlags, addAccountOptions, goOnline, requireAccount } from './account.js';
import { type Context, type OutputFlags, UsageError } from './context.js';
import { addOutputOptions, repeatable } from './options.js';

export interface FetchFlags extends AccountFlags, OutputFlags {
  from?: string[];
  output?: string;
  cache: boolean;
}

export function addFetchCommand(program: Command, context: Context): void {
  const command = program
    .command('fetch')
    .summary('fetch a blob by its cid')
    .description(
      'Fetches a blob, from the cache or from others, checks it, and prints the path of the file.',
    )
    .argument('<cid>', 'algo+hash@bob.xmpp.org, with or without "cid:" before it')
    .addOption(
      repeatable('--from <jid>', 'whom to ask, each in turn; a bare JID means its resource inband'),
    )
    .option('-o, --output <path>', 'the file to write, "-" for standard output; default: the cid')
    .option('--no-cache', 'ask even if it is in the cache');
  addOutputOptions(addAccountOptions(command)).action((cid: string, flags: FetchFlags) =>
    fetchBlob(cid, flags, context),
  );
}

export async function fetchBlob(text: string, flags: FetchFlags, context: Context): Promise<void> {
  const cid = text.replace(/^cid:/i, '');
  const registry = await context.createRegistry();
  const reporter = await context.reporter(flags);
  const cached = flags.cache && (await registry.run<BitOfBinary>('bob', 'get_bob', { args: cid }));
  const { blob, peer } = cached
    ? { blob: cached, peer: undefined }
    : await askAll(cid, flags, context, registry, reporter);
  if (flags.output === '-') {
    await new Promise((written) => context.stdout.write(blob.bytes, written));
    return;
  }
  const name = `${cid}${extension(blob.type)}`;
  const path = await context.saveFile(blob.bytes, flags.output ? { over: flags.output } : { name });
  const { type, bytes } = blob;
  reporter.report({
    event: 'blob',
    cid,
    type,
    size: bytes.length,
    ...(peer ? { peer } : {}),
    path,
  });
}

function extension(type: string): string {
  const known = mime.getExtension(type);
  return known ? `.${known}` : '';
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
  const { recipient } = await import('../transfer/send-file.js');
  const { BitsOfBinary } = await import('../protocol/bob/bits-of-binary.js');
  if (!flags.from)
    throw new UsageError(`${cid} is not in the cache; say whom to ask: --from <jid>`);
  const peers = flags.from.map(recipient);
  requireAccount(flags);
  const admit = (from: string) => peers.some((peer) => bareJid(peer) === bareJid(from));
  const session = await goOnline(flags, context, reporter, { admit });
  try {
    return await askInTurn(new BitsOfBinary(session, registry), cid, peers, context, reporter);
  } finally {
    await session.close();
  }
}

/** Rejects with the last one's error. */
async function askInTurn(
  bits: BitsOfBinary,
  cid: string,
  peers: string[],
  { signal }: Context,
  reporter: Reporter,
): Promise<Fetched> {
  let last: unknown;
  for (const peer of peers) {
    try {
      return { blob: await bits.getBlob({ jid: peer, cid, cached: false, signal }), peer };
    } catch (error) {
      signal.throwIfAborted();
      reporter.note((error as Error).message);
      last = error;
    }
  }
  throw last;
}
