import { setMaxListeners } from 'node:events';
import type { NetworkOptions } from '../../session/dial/proxy.js';
import { type Connect, keepSession } from '../connect.js';
import { Delivery, type DeliveryOptions } from '../sending/delivery.js';
import { Descriptions } from '../sending/describe-source.js';
import { allSources } from '../sources/all-sources.js';
import { closeSources } from '../sources/open-sources.js';
import { FilesFailed, type OpenSource } from '../sources/source.js';
import { UploadLine } from './upload-line.js';

interface UploadAllOptions
  extends Pick<DeliveryOptions, 'explain' | 'limit' | 'report' | 'retryFor' | 'signal'> {
  /** The own account. */
  account: string;
  connect: Connect;
  /** Which certificates of servers for uploads are believed. */
  trust(): Promise<NetworkOptions>;
}

/**
 * Uploads every file, one after the other. Rejects with `FilesFailed` when all has been tried and told, and with the
 * signal's reason. Goes online with the first, and closes the sources in the end.
 */
export async function uploadAll(
  sources: readonly OpenSource[],
  { account, connect, trust, ...options }: UploadAllOptions,
): Promise<void> {
  const { report, signal } = options;
  const stopped = new AbortController();
  const until = AbortSignal.any([signal, stopped.signal]);
  setMaxListeners(0, until);
  const kept = keepSession(connect, report, { admit: () => false });
  const line = new UploadLine({
    account,
    trust,
    report,
    signal: until,
    session: () => kept.session(),
  });
  const delivery = new Delivery(line, {
    ...{ ...options, signal: until, acceptTimeout: 0, again: true, most: 1 },
    isOneOfSeveral: sources.length > 1,
    describe: new Descriptions(until).describe,
    shareRead: () => undefined,
    // Nothing is kept of what was cut off.
    onStopped: () => undefined,
    stop: (error) => stopped.abort(error),
  });
  try {
    const failure = await delivery.send(allSources(sources, until));
    signal.throwIfAborted();
    if (failure) throw new FilesFailed(failure);
  } finally {
    await kept.close();
    await closeSources(sources);
  }
}
