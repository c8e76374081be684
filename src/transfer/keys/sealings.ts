import { accountOf } from '../../session/jid.js';
import { Sealing, type SealingOptions } from './sealing.js';

/** How files to each JID are sealed: the same, in whatever form it was typed, with whichever resource. */
export function sealingsBy(options: SealingOptions): (jid: string) => Sealing {
  const sealings = new Map<string, Sealing>();
  return (jid) => {
    const account = accountOf(jid);
    const sealing = sealings.get(account) ?? new Sealing(account, options);
    sealings.set(account, sealing);
    return sealing;
  };
}
