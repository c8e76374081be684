import { type Command, Option } from 'commander';
import type { Session } from '../session/session.js';
import { WAY_NAMES, type WayName } from '../transfer/ways/names.js';
import type { Recipient } from '../transfer/ways/way.js';
import type { OpenWays } from '../transfer/ways/ways.js';
import type { Reporter } from '../ui/report.js';
import { type AccountFlags, addAccountOptions, requireAccount } from './account/account-options.js';
import { type Context, FileFailed, type OutputFlags, UsageError } from './context.js';
import { addExamples } from './help/examples.js';
import { addOutputOptions, integer, nonNegativeNumber, positiveNumber } from './options.js';
import { openSources } from './sources.js';

export interface SendFlags extends AccountFlags, OutputFlags {
  stanza: 'iq' | 'message' | 'auto';
  blockSize: number;
  window: number | 'auto';
  maxRetries: number;
  initialWait: number;
  waitFactor: number;
  via: 'auto' | WayName;
  acceptTimeout: number;
  retryFor: number;
  name?: string;
}

export function addSendCommand(program: Command, context: Context): void {
  const command = program
    .command('send')
    .summary('send files to a JID')
    .description(
      'Sends files to a JID, one after the other. Of a bare JID, the resource is found that takes them.',
    )
    .usage('[options] <file...> <jid>')
    .argument('<file...>', 'the files, and last the recipient; "-" is standard input')
    .option('--name <name>', 'what to call standard input')
    .addOption(
      new Option('--stanza <kind>', 'how blocks travel')
        .choices(['iq', 'message', 'auto'])
        .default('auto'),
    )
    .option('--block-size <bytes>', 'bytes in a block, 1 to 65535', integer(1, 65_535), 4096)
    .option(
      '--window <blocks>',
      'blocks under way at a time, 1 to 65535, or "auto"',
      windowSize,
      'auto',
    )
    .option(
      '--max-retries <times>',
      'how often to send a block again when asked to wait',
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
      new Option('--via <way>', 'how to offer the file')
        .choices(['auto', ...WAY_NAMES])
        .default('auto'),
    )
    .option(
      '--accept-timeout <seconds>',
      'how long the recipient may take to accept',
      positiveNumber,
      300,
    )
    .option(
      '--retry-for <seconds>',
      'how long to try again without progress, once a transfer has begun; 0: not at all',
      nonNegativeNumber,
      900,
    );
  addOutputOptions(addAccountOptions(command)).action(
    (operands: string[], flags: SendFlags, self: Command) =>
      send(operands, flags, context, self.getOptionValueSource('name') === 'cli'),
  );
  addExamples(command, [
    'inband send holiday.mp4 juliet@example.org',
    'inband send -a work --window 8 *.pdf juliet@example.org',
    'tar cz photos | inband send --name photos.tar.gz - juliet@example.org',
  ]);
}

const windowSize = (text: string) => (text === 'auto' ? text : integer(1, 65_535)(text));

/** Sends every file, or stops at the first that cannot be sent. `isNamed`: `--name` was given, and is no default. */
export async function send(
  operands: string[],
  flags: SendFlags,
  context: Context,
  isNamed = false,
): Promise<void> {
  const files = operands.slice(0, -1);
  const { receiverOf } = await import('../transfer/finding/receiver.js');
  const reporter = await context.reporter(flags);
  if (files.length === 0) throw new UsageError('send what to whom? inband send <file...> <jid>');
  const inputs = files.filter((file) => file === '-').length;
  if (inputs > 1) throw new UsageError('standard input can be sent once only; give "-" once');
  if (inputs === 0 && isNamed) {
    throw new UsageError('--name is for standard input; give "-" as a file, or leave it out');
  }
  const jid = operands.at(-1) as string;
  receiverOf(jid); // or it is no address, which should be said before anything is done
  if (!jid.includes('@')) reporter.warn(`"${jid}" is the address of a server; a person's has an @`);
  requireAccount(flags);
  const sources = await openSources(files, flags.name, context);
  reporter.expect(sources.map(({ size }) => size));
  const line = await createSendingLine(jid, flags, context, reporter);
  try {
    for (const source of sources) {
      const { SendingFile } = await import('./sending-file.js');
      const sending = new SendingFile(source, line, flags, context, reporter).send();
      await sending.catch((error) => Promise.reject(new FileFailed(source.name, error)));
    }
  } finally {
    await line.close();
    await Promise.all(sources.map((source) => source.close()));
  }
}

/** Who was found, and how to offer it something. */
export interface Reached {
  recipient: Recipient;
  ways: OpenWays;
}

/** The way to the recipient: made anew when it was lost. */
export interface SendingLine {
  /** Of the recipient, as the user gave it. */
  readonly jid: string;
  /** Bytes; less than was asked for where a server took none so large. */
  blockSize: number;
  /** Rejects as `findRecipients` does, and when there is no connection. */
  reach(): Promise<Reached>;
  /** Another one of the contact, after the one reached takes nothing; from now on that is the one. Nothing where there is none. */
  reachNext(): Promise<Reached | undefined>;
  /** The recipient may be somewhere else by now. */
  forget(): void;
  close(): Promise<void>;
}

async function createSendingLine(
  jid: string,
  flags: SendFlags,
  context: Context,
  reporter: Reporter,
): Promise<SendingLine> {
  let reached: (Reached & { session: Session }) | undefined;
  let search: AsyncGenerator<Recipient, void> | undefined;
  // Nobody may ask anything of us but the one who gets the file.
  const admit = (from: string) => from === reached?.recipient.peer;
  const { createLine, openAccount } = await import('./account/account.js');
  const account = openAccount(flags, context, reporter.report);
  const line = createLine(account, reporter.report, { admit });
  const waysOn = new WeakMap<Session, OpenWays>();
  const next = async (session: Session): Promise<Reached | undefined> => {
    const found = await search?.next();
    if (!found?.value) return undefined;
    const ways = waysOn.get(session) ?? (await openWaysOn(session));
    waysOn.set(session, ways);
    // The session that a proposal has let us begin is for one file.
    const { sid, ...recipient } = found.value;
    reached = { session, recipient, ways };
    return { recipient: found.value, ways };
  };
  return {
    jid,
    blockSize: flags.blockSize,
    reach: async () => {
      const { findRecipients } = await import('../transfer/finding/find-recipient.js');
      const { wayNamed } = await import('../transfer/ways/ways.js');
      const session = await line.session();
      if (reached?.session === session) return reached;
      const note = (text: string) => reporter.note(text);
      const via = flags.via === 'auto' ? undefined : wayNamed(flags.via);
      search = findRecipients(session, jid, { via, signal: context.signal, note });
      return (await next(session)) as Reached; // or it has thrown
    },
    reachNext: async () => reached && next(reached.session),
    forget: () => {
      reached = undefined;
    },
    close: () => line.close(),
  };
}

async function openWaysOn(session: Session): Promise<OpenWays> {
  const { InBandBytestreams } = await import('../protocol/ibb/in-band-bytestreams.js');
  const { openWays } = await import('../transfer/ways/ways.js');
  return openWays(session, new InBandBytestreams(session));
}
