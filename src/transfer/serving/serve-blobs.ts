import type { Session } from '../../session/session.js';
import { persevere } from '../attempts/persevere.js';
import { receiverOf } from '../finding/receiver.js';
import { Quotas } from '../quotas/quotas.js';
import type { Registry } from '../registry.js';
import { announce, startServing, untilEnded } from './serving.js';
import type { StrangersTold } from './turned-away.js';
import { untilFree } from './until-free.js';
import { type WhoHasInbandOptions, whoHasInband } from './who-has-inband.js';

interface ServeBlobsOptions extends WhoHasInbandOptions, StrangersTold {
  /** Looks for the password again; see `persevere`. */
  renew(): Promise<boolean>;
  registry: Registry;
  /** The rules of `--allow`. */
  allow?: readonly string[] | undefined;
}

/** Gives blobs out until the signal aborts; resolves at once if another process does so already. */
export async function serveBlobs(cids: string[], options: ServeBlobsOptions): Promise<void> {
  const found = await whoHasInband(cids, options);
  if (found === 'served') return;
  const { account, signal, report, renew } = options;
  const quotas = new Quotas(0);
  let resource = found === 'free' ? undefined : found.resource;
  await persevere({ signal, report, renew }, async (isOnline) => {
    for (; ; resource = undefined) {
      const { session } = await startServing({ ...options, quotas, resource });
      isOnline();
      await serveOn(session, resource === undefined ? undefined : receiverOf(account), options);
    }
  });
}

/** Resolves when the JID that is awaited, if one is, is free. */
async function serveOn(
  session: Session,
  awaited: string | undefined,
  { signal, report }: ServeBlobsOptions,
): Promise<void> {
  const over = new AbortController();
  try {
    await announce(session, report);
    const either = AbortSignal.any([over.signal, session.ended, signal]);
    const free = awaited === undefined ? undefined : untilFree(session, awaited, either);
    await untilEnded(session, signal, free);
  } finally {
    over.abort();
    await session.close();
  }
}
