import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { InBandBytestreams } from '../protocol/ibb/in-band-bytestreams.js';
import { admitOnly } from '../transfer/policy.js';
import type { Source } from '../transfer/send-file.js';
import type { Reporter } from '../ui/report.js';
import { type AccountFlags, addAccountOptions, goOnline, requireAccount } from './account.js';
import { type Context, type OutputFlags, UsageError } from './context.js';
import { addOutputOptions, integer, positiveNumber } from './options.js';

export interface SendFlags extends AccountFlags, OutputFlags {
  stanza: 'iq' | 'message';
  blockSize: number;
  window: number | 'auto';
  maxRetries: number;
  initialWait: number;
  waitFactor: number;
  via: 'auto' | 'ibb';
  name?: string;
}

export function addSendCommand(program: Command, context: Context): void {
  const command = program
    .command('send')
    .summary('send files to a JID')
    .description('Sends files to a JID, one after the other. A bare JID means its resource inband.')
    .usage('[options] <file...> <jid>')
    .argument('<file...>', 'the files, and last the recipient; "-" is standard input')
    .option('--name <name>', 'what to call standard input')
    .addOption(
      new Option('--stanza <kind>', 'how blocks travel').choices(['iq', 'message']).default('iq'),
    )
    .option('--block-size <bytes>', 'bytes in a block', integer(1, 65_535), 4096)
    .option('--window <blocks>', 'blocks under way at a time, or "auto"', windowSize, 'auto')
    .option(
      '--max-retries <times>',
      'how often to send a block again that is asked to wait',
      integer(0),
      5,
    )
    .option('--initial-wait <seconds>', 'how long to wait the first time', positiveNumber, 1)
    .option(
      '--wait-factor <factor>',
      'by how much each further wait is longer',
      positiveNumber,
      1.2,
    )
    .addOption(
      new Option('--via <way>', 'how to offer the file').choices(['auto', 'ibb']).default('auto'),
    );
  addOutputOptions(addAccountOptions(command)).action((operands: string[], flags: SendFlags) =>
    send(operands, flags, context),
  );
}

const windowSize = (text: string) => (text === 'auto' ? text : integer(1, 65_535)(text));

/** Sends every file, or stops at the first that cannot be sent. */
export async function send(operands: string[], flags: SendFlags, context: Context): Promise<void> {
  const files = operands.slice(0, -1);
  const { recipient } = await import('../transfer/send-file.js');
  const { InBandBytestreams } = await import('../protocol/ibb/in-band-bytestreams.js');
  const reporter = await context.reporter(flags);
  if (files.length === 0) throw new UsageError('send what to whom? inband send <file...> <jid>');
  if (files.filter((file) => file === '-').length > 1) {
    throw new UsageError('standard input can be sent once only');
  }
  const peer = recipient(operands.at(-1) as string);
  requireAccount(flags);
  const sources = await openSources(files, flags.name, context);
  try {
    const session = await goOnline(flags, context, reporter, { admit: admitOnly([peer]) });
    try {
      const bytestreams = new InBandBytestreams(session);
      for (const source of sources)
        await sendOne(bytestreams, peer, source, flags, context, reporter);
    } finally {
      await session.close();
    }
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

type OpenSource = Source & { close(): Promise<void> };

/** All are opened before anything is sent: a name that is misspelt costs nothing. */
async function openSources(files: string[], name: string | undefined, { stdin }: Context) {
  const sources: OpenSource[] = [];
  for (const file of files) {
    sources.push(
      file === '-'
        ? { name: name ?? 'stdin', bytes: stdin, close: async () => undefined }
        : await openSource(file),
    );
  }
  return sources;
}

async function openSource(path: string): Promise<OpenSource> {
  const handle = await open(path);
  const stats = await handle.stat();
  if (stats.isDirectory()) {
    await handle.close();
    throw new UsageError(`${path} is a directory; pack it first: tar c ${path} | inband send - …`);
  }
  return {
    name: basename(path),
    size: stats.isFile() ? stats.size : undefined,
    bytes: handle.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 }),
    close: () => handle.close(),
  };
}

async function sendOne(
  bytestreams: InBandBytestreams,
  peer: string,
  source: Source,
  flags: SendFlags,
  context: Context,
  { report }: Reporter,
): Promise<void> {
  const { sendFile } = await import('../transfer/send-file.js');
  const { stanza, blockSize, window, maxRetries, initialWait, waitFactor } = flags;
  const facts = { peer, name: source.name };
  const size = source.size === undefined ? {} : { size: source.size };
  const sent = await sendFile(bytestreams, peer, source, {
    ...{ stanza, blockSize, window, maxRetries, initialWait, waitFactor },
    signal: context.signal,
    onStart: () => report({ event: 'start', ...facts, ...size }),
    onProgress: (bytes) => report({ event: 'progress', ...facts, bytes, ...size }),
  });
  report({ event: 'done', ...facts, ...sent });
}
