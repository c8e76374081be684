import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { shellOperands } from '../../shell.js';
import {
  addKey,
  type Changed,
  listTrusted,
  MOST_OF_LABEL,
  removeKeys,
  requireKnown,
  type Trusted,
  verifyKey,
} from '../../transfer/keys/trusted-keys.js';
import type { Names } from '../../transfer/people/typed-address.js';
import { display } from '../../ui/display.js';
import type { Reporter } from '../../ui/report.js';
import { type Context, type OutputFlags, UsageError } from '../context.js';
import { readRecipient } from '../people.js';
import { askForLine } from './ask-for-line.js';

interface TrustFlags extends OutputFlags {
  name?: string;
  /** No flag: those in the settings file. */
  names?: Names;
}

export async function list(
  jid: string | undefined,
  flags: TrustFlags,
  context: Context,
): Promise<void> {
  const { report } = await context.reporter(flags);
  const whose = jid === undefined ? undefined : readRecipient(jid, flags);
  const all = await listTrusted(await context.openTrust(), whose);
  const events = all.flatMap((one) => eventsOf(one));
  if (events.length === 0) report({ event: 'notice', text: noKeyOf(whose) });
  if (flags.json) return events.forEach(report);
  const lines = events.map(({ peer, key, trust, since, label = '-' }) =>
    [peer, key, trust, since, label].map(display).join('\t'),
  );
  await pipeline(Readable.from(lines.map((line) => `${line}\n`)), context.stdout, { end: false });
}

const noKeyOf = (jid: string | undefined): string =>
  jid === undefined ? 'no key of anybody is known yet' : `no key of ${jid} is known yet`;

export async function add(jid: string, flags: TrustFlags, context: Context): Promise<void> {
  const reporter = await context.reporter(flags);
  const [peer, label] = [readRecipient(jid, flags), flags.name];
  if (label !== undefined && (label === '' || label.length > MOST_OF_LABEL)) {
    throw new UsageError(`--name takes 1 to ${MOST_OF_LABEL} characters`);
  }
  const typed = await askForKey(peer, context);
  const added = { jid: peer, typed, label, now: context.now() };
  tell(await addKey(await context.openTrust(), added), reporter);
}

export async function verify(jid: string, flags: TrustFlags, context: Context): Promise<void> {
  const reporter = await context.reporter(flags);
  const peer = readRecipient(jid, flags);
  const store = await context.openTrust();
  await requireKnown(store, peer);
  const typed = await askForKey(peer, context);
  tell(await verifyKey(store, { jid: peer, typed }), reporter);
}

/** Whoever has a key that was lost or stolen is taken for its owner as long as it stays. */
function tell(changed: Changed, { report, warn }: Reporter): void {
  eventsOf(changed).forEach(report);
  const { jid } = changed;
  for (const { key, label } of changed.others) {
    const which = label === undefined ? 'another key' : `another key (${label})`;
    warn(
      `${which} of ${jid} stays trusted; compare it, and the one that you typed, with theirs; if it is not in use any more: inband trust remove ${shellOperands(jid)} ${key}`,
    );
  }
}

export async function remove(
  jid: string,
  beginning: string | undefined,
  flags: TrustFlags,
  context: Context,
): Promise<void> {
  const { report, warn } = await context.reporter(flags);
  const peer = readRecipient(jid, flags);
  const label = flags.name;
  const removed = await removeKeys(await context.openTrust(), { jid: peer, label, beginning });
  for (const event of eventsOf(removed)) report({ ...event, trust: 'removed' });
  if (removed.keys.length > 0) {
    if (removed.others.length === 0) warn(`no key of ${removed.jid} is known any more; ${NEXT}`);
    return;
  }
  const which = label === undefined ? 'no key' : `no key "${label}"`;
  const begins = beginning === undefined ? '' : ` that begins with "${beginning}"`;
  throw new UsageError(`${which} of ${removed.jid}${begins} is known`, 'inband trust list');
}

const NEXT = 'with --trust first, the default, the next that is seen is taken for theirs';

const askForKey = (peer: string, context: Context): Promise<string> =>
  askForLine(`The key of ${display(peer)}, as "inband key" shows it there: `, context);

const eventsOf = ({ jid, keys }: Trusted) =>
  keys.map(({ key, isVerified, since, label }) => ({
    event: 'trust' as const,
    peer: jid,
    key,
    trust: isVerified ? ('verified' as const) : ('known' as const),
    ...(label === undefined ? {} : { label }),
    since: since.toISOString(),
  }));
