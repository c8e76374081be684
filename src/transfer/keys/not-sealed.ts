import { withHints } from '../../session/hints.js';
import { NotSealed } from '../ways/key-errors.js';
import type { Recipient } from '../ways/way.js';

export const notSealed = (message: string): Error =>
  withHints(new NotSealed(message), '--encrypt off sends it in the clear');

/** A file is not left with a link for this JID, as `why` says. */
export function notLeft(jid: string, why: string, { isLast }: Pick<Recipient, 'isLast'>): Error {
  return withHints(
    new NotSealed(isLast ? `nobody at ${jid} takes it now, and ${why}` : why),
    isLast
      ? '--wait-online 3h, with no http in --via, waits until somebody there takes it'
      : '--via auto sends it, encrypted, to somebody who is there',
    '--encrypt off leaves it there in the clear',
  );
}

export const byNoWay = ({ peer, ways }: Recipient): string => {
  const names = ways.map(({ name }) => name).join(', ');
  return `${peer} has a key, and nothing is encrypted by ${names}`;
};
