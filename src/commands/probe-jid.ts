import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Report } from '../transfer/events.js';
import type { ProbedResource } from '../transfer/finding/probe.js';
import { probeOnline } from '../transfer/finding/probe-online.js';
import { ownKeyWhenNeeded } from '../transfer/keys/own-key.js';
import type { SealingOptions } from '../transfer/keys/sealing.js';
import { remembering } from '../transfer/people/known-contacts.js';
import { display } from '../ui/display.js';
import { openAccount } from './account/account.js';
import type { AccountFlags } from './account/account-options.js';
import { wantedLane } from './account/wanted-lane.js';
import type { Context, OutputFlags } from './context.js';
import { warnOfLost } from './keys/made-key.js';
import type { LaneFlags } from './lane.js';
import { readRecipient } from './people.js';

export type ProbeFlags = AccountFlags & OutputFlags & LaneFlags;

/** Prints what is found out of a JID, a line each. Rejects if nobody would be offered a file. */
export async function probeJid(typed: string, flags: ProbeFlags, context: Context): Promise<void> {
  const { report } = await context.reporter(flags);
  const jid = readRecipient(typed, flags);
  const { connect, jid: account } = openAccount(flags, context, report);
  const { resources, nobody } = await probeOnline(jid, {
    connect: remembering(connect, context.contacts),
    report,
    signal: context.signal,
    sealing: await sealingBy(account, context, report),
    lane: wantedLane(flags, account, flags),
  });
  if (!flags.json) await print(resources, context);
  if (nobody) throw nobody;
}

/** As `send` does without flags. */
const sealingBy = async (
  account: string,
  context: Context,
  report: Report,
): Promise<SealingOptions> => ({
  ...{ encrypt: 'auto', trust: 'first', mayDeflate: true, account, now: context.now },
  trusted: await context.openTrust(),
  own: ownKeyWhenNeeded(context.openKeys, account, warnOfLost(report)),
});

const print = (resources: ProbedResource[], { stdout }: Context): Promise<void> =>
  pipeline(Readable.from(resources.map((one) => `${lineOf(one)}\n`)), stdout, { end: false });

function lineOf(found: ProbedResource): string {
  const { peer, client, version, ways, roundTripMs, via, trust, lanes = [] } = found;
  const program = [client, version].filter(Boolean).join(' ');
  const time = roundTripMs === undefined ? '' : `${roundTripMs} ms`;
  const fields = [peer, program, ways.join(','), time, via ?? '', trust ?? '', lanes.join(',')];
  return fields.map((field) => display(field) || '-').join('\t');
}
