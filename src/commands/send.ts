import { type Command, Option } from 'commander';
import { readVia, VIA_TAKES, WAY_NAMES } from '../transfer/ways/names.js';
import { DEFAULT_SETTINGS } from '../transfer/ways/settings.js';
import { addAccountOptions } from './account/account-options.js';
import { type Context, UnfitValue } from './context.js';
import { addExamples } from './help/examples.js';
import { addDirectOption, isTypedIn, plainOption, transportOption } from './lane.js';
import { limitRateOption, sizeOption, timeOption } from './measures.js';
import { addOutputOptions, integer, positiveNumber } from './options.js';
import { PeopleOption } from './people.js';
import { addSealingOptions } from './sealing.js';
import type { SendFlags } from './send-files.js';

/** A timer counts in milliseconds. */
const SHORTEST_S = 0.001;

export function addSendCommand(program: Command, context: Context): void {
  const command = program
    .command('send')
    .summary('send files and folders to a JID')
    .description(
      'Sends files, and folders with all that is below them, to a JID, or to several. For a bare JID, finds the resource that takes files.',
    )
    .usage('[options] <file...> <jid>')
    .argument(
      '<file...>',
      'the files and folders, and last the recipient: a JID, an xmpp: URI, or a name; "-" is standard input',
    )
    .addOption(
      new PeopleOption('--to <jid>', 'a recipient; repeatable. Then all operands are files'),
    )
    .option('--name <name>', 'what to call standard input')
    .option('--again', 'send files, too, that are there already from an earlier time')
    .option('--message <text>', 'a line that goes before the first link, where files are left');
  addTransferOptions(command);
  addOfferOptions(command);
  addDirectOption(command).addOption(
    plainOption('send to other programs beside the XMPP stream, too'),
  );
  addSealingOptions(
    command,
    'with every "inband receive" that has a key, and never in the clear to one whose key is known',
  )
    .option('--to-key <key>', "the recipient's key; no other one will do")
    .option('--no-compress', 'do not deflate what is encrypted');
  command.addOption(limitRateOption());
  addOutputOptions(addAccountOptions(command)).action(
    async (operands: string[], flags: SendFlags, self: Command) => {
      const { send } = await import('./send-files.js');
      await send(operands, flags, context, isTypedIn(self));
    },
  );
  addExamples(command, EXAMPLES);
}

const EXAMPLES = [
  'inband send holiday.mp4 juliet@example.org',
  'inband send -a work --window 8 *.pdf juliet@example.org',
  'inband send photos juliet@example.org',
  'inband send --to juliet@example.org --to nurse@example.org *.pdf',
  'inband send --via auto,http holiday.mp4 juliet@example.org',
  'tar cz photos | inband send --name photos.tar.gz - juliet@example.org',
];

/** The flags for how the bytes of a file travel. */
function addTransferOptions(command: Command): void {
  const { stanza, blockSize, window } = DEFAULT_SETTINGS;
  command
    .addOption(
      new Option(
        '--stanza <kind>',
        'how blocks travel; auto: in iqs, and in messages where the recipient takes none in iqs',
      )
        .choices(['iq', 'message', 'auto'])
        .default(stanza),
    )
    .addOption(
      sizeOption(
        '--block-size <size>',
        'bytes in a block, before base64, 1 to 65535; auto: as many as deliver most, up to 48,000 and what both sides and the server allow',
        {
          ...{ min: 1, max: 65_535, mayBeAuto: true },
        },
      ).default(blockSize),
    )
    .option(
      '--window <blocks>',
      'blocks under way at a time, 1 to 65535; auto: as many as deliver most',
      windowSize,
      window,
    )
    .addOption(transportOption());
  addRetryOptions(command);
}

/** The flags for blocks that are asked to wait. */
function addRetryOptions(command: Command): void {
  const { maxRetries, initialWait, waitFactor } = DEFAULT_SETTINGS;
  command
    .option(
      '--max-retries <times>',
      'how often to send a block again when asked to wait (an error of type wait)',
      integer(0),
      maxRetries,
    )
    .addOption(
      timeOption('--initial-wait <time>', 'how long to wait the first time', {
        min: SHORTEST_S,
      }).default(initialWait),
    )
    .option(
      '--wait-factor <factor>',
      'by how much each further wait is longer',
      positiveNumber,
      waitFactor,
    );
}

/** The flags for how a file is offered, and how often. */
function addOfferOptions(command: Command): void {
  command
    .addOption(
      new Option(
        '--via <ways>',
        'how to offer the file: several, with commas between, are tried in that order; ibb: not at all; auto: in the best way that the recipient knows, and then the next; http behind them, or alone: left on your server with a link',
      )
        .choices(['auto', ...WAY_NAMES, 'auto,http', 'http'])
        .argParser(viaNames)
        .default('auto'),
    )
    .addOption(
      timeOption(
        '--accept-timeout <time>',
        'how long the recipient may take to accept, or be busy',
        {
          min: SHORTEST_S,
        },
      ).default(300),
    )
    .addOption(
      timeOption(
        '--wait-online <time>',
        'how long to wait for a recipient who is not there; 0: not at all',
      ).default(0),
    )
    .addOption(
      timeOption(
        '--retry-for <time>',
        'how long to try again without progress, once a transfer has begun; 0: not at all',
      ).default(900),
    );
}

function viaNames(text: string): string {
  if (readVia(text)) return text;
  throw new UnfitValue('--via', text, VIA_TAKES);
}

const windowSize = (text: string) => (text === 'auto' ? text : integer(1, 65_535)(text));
