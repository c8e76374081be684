import { type Command, Option } from 'commander';
import type { LaneOptions, WantedTransport } from '../transfer/lane/lane.js';
import { isOnion } from '../transfer/people/own-account.js';
import type { AccountFlags } from './account/account-options.js';

type Direct = LaneOptions['direct'];

/** From the fewest to the most. */
const DIRECT: readonly Direct[] = ['never', 'own', 'proxies', 'contacts'];
const DEFAULT_DIRECT: Direct = 'proxies';

const TRANSPORTS: readonly WantedTransport[] = ['auto', 's5b', 'ibb'];

export interface LaneFlags {
  direct: Direct;
}

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
    'how encrypted files travel by jingle; s5b: by a connection beside the XMPP stream alone; ibb: inside of it alone; auto: from 32 KiB on beside it where there is a way, and inside otherwise',
  )
    .choices(TRANSPORTS)
    .default('auto');

/** Nothing where all is to stay inside the stream: a connection beside it would show what `.onion` hides. */
export const laneOf = (
  { direct }: LaneFlags,
  account: string,
  { service }: AccountFlags,
): Pick<LaneOptions, 'direct'> | undefined => (isOnion(account, service) ? undefined : { direct });
