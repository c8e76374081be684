import { randomUUID } from 'node:crypto';
import { BitsOfBinary } from '../../protocol/bob/bits-of-binary.js';
import { isConnected } from '../../protocol/presence/presence.js';
import type { Session } from '../../session/session.js';
import type { Connect } from '../connect.js';
import type { Report } from '../events.js';
import { RECEIVER, receiverOf } from '../finding/receiver.js';

export interface WhoHasInbandOptions {
  /** The own JID; with a resource, that one is taken unasked. */
  account: string;
  connect: Connect;
  report: Report;
  signal: AbortSignal;
}

/**
 * `free`: the resource may be taken. `served`: its owner gives out all the blobs already. Otherwise the resource to
 * use instead.
 */
type Finding = 'free' | 'served' | { resource: string };

const PATIENCE_MS = 10_000;

/** Looks who has the resource `inband` of the account, before it is taken: most servers would end the other session. */
export async function whoHasInband(cids: string[], options: WhoHasInbandOptions): Promise<Finding> {
  const { account, report } = options;
  if (account.includes('/')) return 'free';
  const server = receiverOf(account);
  const seen = await look(server, cids, options);
  if (seen === 'nobody') return 'free';
  if (seen === 'server') {
    const text = `${server} is online and gives out the same blobs, to those whom its own --allow lets in; so this ends`;
    report({ event: 'notice', text });
    return 'served';
  }
  const resource = `${RECEIVER}-${randomUUID()}`;
  const text = `${server} is taken by something that does not give this out; using ${resource} until it is free`;
  report({ event: 'notice', text });
  return { resource };
}

type Seen = 'nobody' | 'server' | 'other';

/** Asks without being seen, from a random resource. */
async function look(
  server: string,
  cids: string[],
  { connect, signal }: WhoHasInbandOptions,
): Promise<Seen> {
  const session = await connect({ admit: () => false });
  const options = { signal, timeout: PATIENCE_MS };
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
