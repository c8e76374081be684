import { isOnion } from '../../transfer/people/own-account.js';
import { UsageError } from '../context.js';
import type { AccountFlags } from './account-options.js';

/** An upload is a connection beside that to the server: it would show what `.onion` hides. Throws `UsageError`. */
export function refuseUploadOf(account: string, { service }: AccountFlags, instead: string): void {
  if (!isOnion(account, service)) return;
  throw new UsageError(
    'an upload would show your address, which a server of the Tor network is to hide',
    instead,
  );
}
