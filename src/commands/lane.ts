import { type Command, Option } from 'commander';
import type { LaneWanted } from '../transfer/lane/lane.js';
import { DIRECT, TRANSPORT_NAMES, type WantedTransport } from '../transfer/lane/names.js';
import { isOnion } from '../transfer/people/own-account.js';
import type { WayName } from '../transfer/ways/names.js';
import type { AccountFlags } from './account/account-options.js';
import { UsageError } from './context.js';
import type { SealingFlags } from './sealing.js';

type Direct = LaneWanted['direct'];

const DEFAULT_DIRECT: Direct = 'proxies';

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
    .choices(TRANSPORT_NAMES)
    .default('auto');

/** Nothing where all is to stay inside the stream: a connection beside it would show what `.onion` hides. */
export const wantedLane = (
  { direct }: LaneFlags,
  account: string,
  { service }: AccountFlags,
): LaneWanted | undefined => (isOnion(account, service) ? undefined : { direct });

/** Throws `UsageError` where nothing could go beside the stream, and all is to. `ways`: absent, all of them. */
export function laneToSend(
  flags: LaneFlags & AccountFlags & Pick<SealingFlags, 'encrypt'> & { transport: WantedTransport },
  account: string,
  ways: readonly WayName[] = ['jingle'],
): LaneWanted | undefined {
  const lane = wantedLane(flags, account, flags);
  if (flags.transport !== 's5b') return lane;
  const both = 'leave one of them out';
  if (flags.encrypt === 'off') {
    const text = '--transport s5b is for what is encrypted, and --encrypt off encrypts nothing';
    throw new UsageError(text, both);
  }
  if (!ways.includes('jingle')) {
    throw new UsageError('--transport s5b goes by jingle, which --via leaves out', both);
  }
  if (lane) return lane;
  const text = '--transport s5b would show the address that .onion hides';
  throw new UsageError(text, 'leave it out: files go in-band');
}
