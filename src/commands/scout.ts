import { randomUUID } from 'node:crypto';
import type { Session } from '../session/session.js';
import { RECEIVER, receiverOf } from '../transfer/finding/receiver.js';
import type { Reporter } from '../ui/report.js';
import { logIn, requireAccount } from './account/account.js';
import type { Context } from './context.js';
import type { ServeFlags } from './serve.js';

/** As whom to go online; `undefined`: another process gives out all the blobs already. */
export type Scouted = { account: string; isApart: boolean } | undefined;

const PATIENCE_MS = 10_000;

/**
 * Finds out who has the resource `inband` of the own account, before it is taken: most servers would end the other
 * session. An account that names a resource gets that one, unasked.
 */
export async function lookForServer(
  cids: string[],
  flags: ServeFlags,
  context: Context,
  reporter: Reporter,
): Promise<Scouted> {
  const account = requireAccount(flags);
  if (account.includes('/')) return { account, isApart: false };
  const server = receiverOf(account);
  const seen = await look(server, cids, flags, context, reporter);
  if (seen === 'nobody') return { account, isApart: false };
  if (seen === 'server') {
    reporter.warn(`${server} is online and gives out the same blobs, so nothing more is needed`);
    return undefined;
  }
  const resource = `${RECEIVER}-${randomUUID()}`;
  reporter.warn(
    `${server} is taken by something that does not give this out; using ${resource} until it is free`,
  );
  return { account: `${account}/${resource}`, isApart: true };
}

type Seen = 'nobody' | 'server' | 'other';

/** Unseen, with a random resource. */
async function look(
  server: string,
  cids: string[],
  flags: ServeFlags,
  context: Context,
  reporter: Reporter,
): Promise<Seen> {
  const { isConnected } = await import('../protocol/presence.js');
  const session = await logIn(flags, context, reporter, { admit: () => false });
  const options = { signal: context.signal, timeout: PATIENCE_MS };
  try {
    if (!(await isConnected(session, server, options))) return 'nobody';
    return (await givesOut(session, server, cids, options)) ? 'server' : 'other';
  } finally {
    await session.close();
  }
}

async function givesOut(
  session: Session,
  server: string,
  cids: string[],
  options: { signal: AbortSignal; timeout: number },
): Promise<boolean> {
  const { BitsOfBinary } = await import('../protocol/bob/bits-of-binary.js');
  const bits = new BitsOfBinary(session);
  try {
    for (const cid of cids) await bits.getBlob({ ...options, jid: server, cid, cached: false });
    return true;
  } catch {
    options.signal.throwIfAborted();
    session.ended.throwIfAborted();
    return false;
  }
}
