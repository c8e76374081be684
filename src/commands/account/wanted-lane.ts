import type { LaneWanted } from '../../transfer/lane/lane.js';
import type { WantedTransport } from '../../transfer/lane/names.js';
import { isOnion } from '../../transfer/people/own-account.js';
import type { WayName } from '../../transfer/ways/names.js';
import { UsageError } from '../context.js';
import type { IsTyped, LaneFlags } from '../lane.js';
import type { SealingFlags } from '../sealing.js';
import type { AccountFlags } from './account-options.js';
import { excluding, type Given } from './origin.js';
import { proxyOf } from './proxy.js';

type Flags = LaneFlags & AccountFlags & Pick<SealingFlags, 'encrypt'>;

/** Nothing where all is to stay inside the stream: a connection beside it would show what `.onion` hides. */
export const wantedLane = (
  { direct }: LaneFlags,
  account: string,
  network: AccountFlags,
): LaneWanted | undefined =>
  isOnion(account, network.service) ? undefined : { direct, proxy: proxyOf(network) };

/** The same for what comes. Throws `UsageError` where one thing that was typed excludes another. */
export function laneToReceive(
  flags: Flags,
  account: string,
  isTyped: IsTyped,
): LaneWanted | undefined {
  const lane = wantedLane(flags, account, flags);
  return withPlain(lane, flags, isTyped, whyNotPlain(flags, lane));
}

/** The same, and where nothing could go beside the stream, and all is to. `ways`: absent, all of them. */
export function laneToSend(
  flags: Flags & { transport: WantedTransport },
  account: string,
  isTyped: IsTyped,
  ways: readonly WayName[] = ['jingle'],
): LaneWanted | undefined {
  const found = wantedLane(flags, account, flags);
  const why = whyNotPlain(flags, found) ?? whyNotSentPlain(flags, ways);
  const lane = withPlain(found, flags, isTyped, why);
  if (flags.transport !== 's5b') return lane;
  if (flags.encrypt === 'off' && !flags.plainS5b) {
    const text = '--transport s5b is for what is encrypted, and --encrypt off encrypts nothing';
    throw excluding(flags, new UsageError(text, BOTH));
  }
  if (!ways.includes('jingle')) {
    throw excluding(
      flags,
      new UsageError('--transport s5b goes by jingle, which --via leaves out', BOTH),
    );
  }
  if (lane) return lane;
  const text = '--transport s5b would show the address that .onion hides';
  throw excluding(flags, new UsageError(text, 'leave it out: files go in-band'));
}

const BOTH = 'leave one of them out';

/** What is in the settings gives way to what excludes it, whatever that is. `why`: what does. */
function withPlain(
  lane: LaneWanted | undefined,
  { plainS5b = false, origins }: LaneFlags & Given,
  isTyped: IsTyped,
  why: string | undefined,
): LaneWanted | undefined {
  if (plainS5b && why !== undefined && isTyped('plainS5b'))
    throw excluding({ origins }, new UsageError(why, BOTH));
  return lane && { ...lane, mayBePlain: plainS5b && why === undefined };
}

function whyNotPlain({ encrypt }: Flags, lane: LaneWanted | undefined): string | undefined {
  if (encrypt === 'require') {
    return '--plain-s5b is for what is not encrypted, and --encrypt require allows none of that';
  }
  return lane ? undefined : '--plain-s5b would show the address that .onion hides';
}

function whyNotSentPlain(
  { transport }: { transport: WantedTransport },
  ways: readonly WayName[],
): string | undefined {
  if (transport === 'ibb') {
    return '--plain-s5b is for what goes beside the XMPP stream, and --transport ibb lets nothing';
  }
  return ways.includes('jingle') ? undefined : '--plain-s5b goes by jingle, which --via leaves out';
}
