import { isOnion } from '../../transfer/people/own-account.js';
import { UsageError } from '../context.js';
import type { AccountFlags } from './account-options.js';

/** An upload is a connection beside that to the server: it would show what `.onion` hides. Throws `UsageError`. */
export const refuseUploadOf = (account: string, flags: AccountFlags, instead: string): void =>
  refuseBeside('an upload', account, flags, instead);

/** The same for a download, which goes to whatever host a link names. Throws `UsageError`. */
export const refuseLinksOf = (account: string, flags: AccountFlags): void =>
  refuseBeside('fetching links', account, flags, 'leave --links out');

function refuseBeside(
  what: string,
  account: string,
  { service }: AccountFlags,
  instead: string,
): void {
  if (!isOnion(account, service)) return;
  throw new UsageError(
    `${what} would show your address, which a server of the Tor network is to hide`,
    instead,
  );
}
