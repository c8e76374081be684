import { type Command, Option } from 'commander';
import type { LaneWanted } from '../transfer/lane/lane.js';
import { DIRECT, TRANSPORT_NAMES, WHAT_PLAIN_MEANS } from '../transfer/lane/names.js';

type Direct = LaneWanted['direct'];

const DEFAULT_DIRECT: Direct = 'proxies';

export interface LaneFlags {
  direct: Direct;
  plainS5b?: boolean;
}

/** Whether a flag was typed, and is neither a default nor of the settings. */
export type IsTyped = (flag: string) => boolean;

export const isTypedIn =
  (command: Command): IsTyped =>
  (flag) =>
    command.getOptionValueSource(flag) === 'cli';

/** The flag for what may go, or come, beside the stream in the clear. */
export const plainOption = (whose: string): Option =>
  new Option('--plain-s5b', `${whose}, not encrypted: ${WHAT_PLAIN_MEANS}`);

/** The flag for what is shown of the own addresses. */
export const addDirectOption = (command: Command): Command =>
  command.addOption(
    new Option(
      '--direct <whom>',
      'to whom your address is shown for connections beside the XMPP stream',
    )
      .choices(DIRECT)
      .default(DEFAULT_DIRECT),
  );

/** The flag for how what is offered by Jingle travels. */
export const transportOption = (): Option =>
  new Option(
    '--transport <how>',
    'how files travel by jingle; s5b: by a connection beside the XMPP stream alone; ibb: inside of it alone; auto: from 32 KiB on beside it where there is a way, and inside otherwise; what is not encrypted goes beside it only with --plain-s5b',
  )
    .choices(TRANSPORT_NAMES)
    .default('auto');
