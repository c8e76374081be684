import type { ArchiveMarks } from '../../transfer/links/archive-marks.js';
import { type OwnHost, readOwnHost } from '../../transfer/links/own-hosts.js';
import type { LinksWanted } from '../../transfer/links/received-links.js';
import type { Account } from '../account/account.js';
import type { AccountFlags } from '../account/account-options.js';
import { refuseLinksOf } from '../account/hidden.js';
import { UnfitValue, UsageError } from '../context.js';
import type { LinksFlags } from './links-options.js';

/** What the flags say of links; nothing where none are fetched. Rejects with `UsageError`. */
export async function linksBy(
  { links: from, linksHost, linksMaxSize: most, ...flags }: LinksFlags & AccountFlags,
  { jid, trust }: Pick<Account, 'jid' | 'trust'>,
  openMarks: () => Promise<ArchiveMarks>,
): Promise<LinksWanted | undefined> {
  const own = (linksHost ?? []).map(readHost);
  if (from === undefined) {
    if (own.length === 0) return undefined;
    throw new UsageError('--links-host says nothing without --links', 'whose links? --links <who>');
  }
  refuseLinksOf(jid, flags);
  return { from, own, most, trust, marks: await openMarks() };
}

function readHost(text: string): OwnHost {
  const host = readOwnHost(text);
  if (host) return host;
  throw new UnfitValue('--links-host', text, 'a host, or host:port, like files.example.org:5281');
}
