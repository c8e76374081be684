import type { Report } from '../../transfer/events.js';
import type { ArchiveMarks } from '../../transfer/links/archive-marks.js';
import { type OwnHost, readOwnHost } from '../../transfer/links/own-hosts.js';
import type { LinksWanted } from '../../transfer/links/received-links.js';
import { isOnion } from '../../transfer/people/own-account.js';
import type { Account } from '../account/account.js';
import type { AccountFlags } from '../account/account-options.js';
import { WOULD_SHOW } from '../account/hidden.js';
import { excluding, naming } from '../account/origin.js';
import { proxyOf } from '../account/proxy.js';
import { UnfitValue, UsageError } from '../context.js';
import type { IsTyped } from '../lane.js';
import type { SealingFlags } from '../sealing.js';
import { type LinksFlags, NOBODY } from './links-options.js';

type Flags = LinksFlags & AccountFlags & Pick<SealingFlags, 'encrypt'>;

interface Surroundings {
  account: Pick<Account, 'jid' | 'trust'>;
  isTyped: IsTyped;
  openMarks(): Promise<ArchiveMarks>;
  report: Report;
}

/**
 * What the flags say of links; nothing where none are fetched. Rejects with `UsageError` where what was typed makes no
 * sense. What is in the settings gives way, and that is told.
 */
export async function linksBy(
  flags: Flags,
  { account, isTyped, openMarks, report }: Surroundings,
): Promise<LinksWanted | undefined> {
  const { links = [], linksMaxSize: most } = flags;
  const from = links.filter((one) => one !== NOBODY);
  const own = naming(flags, 'linksHost', () => (flags.linksHost ?? []).map(readHost));
  if (from.length === 0) return withoutLinks(isTyped);
  const why = whyNoLinks(flags, account.jid);
  if (why !== undefined && isTyped('links'))
    throw excluding(flags, new UsageError(why, 'leave --links out'));
  if (why !== undefined) {
    report({ event: 'notice', text: `no links are fetched: ${why}` });
    return undefined;
  }
  const reach = whatProxyLeaves(flags, own.length);
  if (reach !== undefined) report({ event: 'notice', text: reach });
  return { from, own, most, trust: account.trust, marks: await openMarks() };
}

/** In the settings they are for the times at which there are some. */
function withoutLinks(isTyped: IsTyped): undefined {
  const flags = { linksHost: '--links-host', linksMaxSize: '--links-max-size' };
  const vain = Object.entries(flags).find(([name]) => isTyped(name));
  if (!vain) return undefined;
  throw new UsageError(`${vain[1]} says nothing without --links`, 'whose links? --links <who>');
}

function whyNoLinks({ encrypt, service }: Flags, account: string): string | undefined {
  if (encrypt === 'require') {
    return 'what is fetched by a link is not encrypted, and --encrypt require allows none of that';
  }
  return isOnion(account, service) ? `fetching links ${WOULD_SHOW}` : undefined;
}

/** Which links are left to be fetched with a proxy; absent, all of them. */
function whatProxyLeaves(flags: Flags, own: number): string | undefined {
  const proxy = proxyOf(flags);
  if (!proxy || proxy.except.includes('*')) return undefined;
  const named = [
    ...(own > 0 ? ['--links-host'] : []),
    ...(proxy.except.length > 0 ? ['NO_PROXY'] : []),
  ];
  return named.length > 0
    ? `links are fetched from the hosts of ${named.join(' and ')} alone: the proxy finds where others are, which nobody can check`
    : 'no links are fetched: the proxy finds where their hosts are, which nobody can check, and --links-host names none';
}

function readHost(text: string): OwnHost {
  const host = readOwnHost(text);
  if (host) return host;
  throw new UnfitValue('--links-host', text, 'a host, or host:port, like files.example.org:5281');
}
