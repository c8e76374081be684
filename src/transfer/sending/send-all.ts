import { setMaxListeners } from 'node:events';
import type { Connect } from '../connect.js';
import type { Report } from '../events.js';
import type { SealingOptions } from '../keys/sealing.js';
import { sealingsBy } from '../keys/sealings.js';
import { type LaneWanted, laneToNamed } from '../lane/lane.js';
import { MOST_LANES } from '../lane/under-way.js';
import { allSources, shared } from '../sources/all-sources.js';
import { closeSources } from '../sources/open-sources.js';
import { FilesFailed, type OpenSource, type Source, type SourceFolder } from '../sources/source.js';
import { within } from '../ways/caution.js';
import type { LinkOptions } from '../ways/http/links.js';
import type { WayName } from '../ways/names.js';
import type { TransferSettings } from '../ways/settings.js';
import { wayNamed } from '../ways/ways.js';
import { Delivery, type DeliveryOptions } from './delivery.js';
import { Descriptions } from './describe-source.js';
import type { JobOptions } from './job-options.js';
import { Line } from './line.js';
import { SlowServer } from './slow-server.js';
import { Uplink } from './uplink.js';

/** Files under way at a time, to all recipients together, and one to each of them at least. */
const MOST_UNDER_WAY = 16;

interface SendAllOptions
  extends Omit<JobOptions, 'describe' | 'shareRead' | 'onStopped'>,
    Pick<DeliveryOptions, 'explain'> {
  settings: TransferSettings;
  /** The ways to those who are there, in this order; absent: all of them. */
  ways?: readonly WayName[] | undefined;
  /** What nobody takes is left on the own server, with a link; absent: it is not. */
  links?: Omit<LinkOptions, 'told' | 'untold'> | undefined;
  /** The flag by which that would be; absent: it is, or must not be. */
  leavingBy?: string | undefined;
  sealing: SealingOptions;
  /** To whom addresses are shown beside the XMPP stream; absent: all goes in-band. */
  lane?: LaneWanted | undefined;
  connect: Connect;
  /** Milliseconds that a recipient who is not there is waited for. Default 0: not at all. */
  waitOnline?: number;
}

/**
 * Sends every file to every JID, to each by itself. Rejects with `FilesFailed` when all has been tried and told, with
 * the first failure in the order of the JIDs, and of the files to one; and with the signal's reason. Goes online with
 * the first, and closes the sources in the end.
 */
export async function sendAll(
  sources: readonly (OpenSource | SourceFolder)[],
  jids: readonly string[],
  options: SendAllOptions,
): Promise<void> {
  const { connect, signal } = options;
  const report = watched(options);
  const stopped = new AbortController();
  const until = AbortSignal.any([signal, stopped.signal]);
  setMaxListeners(0, until);
  const isRecipient = (peer: string) => lines.some((line) => line.peer === peer);
  const { transport, lane: wanted } = options;
  const note = (text: string) => report({ event: 'note', text });
  const lane = wanted && transport !== 'ibb' ? laneToNamed(wanted, note) : undefined;
  const links = options.links && linkOptions(options.links);
  const uplink = new Uplink(connect, report, isRecipient, { lane, links });
  const lines = linesTo(jids, uplink, { ...options, report, signal: until });
  const delivering = {
    ...options,
    report,
    signal: until,
    ...descriptionsUntil(until),
    onStopped: once(() => {
      if (signal.aborted) report({ event: 'notice', text: STOPPED });
    }),
    hasOthers: jids.length > 1,
    most: Math.max(1, Math.floor(mostOf(options) / jids.length)),
    isOneOfSeveral: sources.length * jids.length > 1 || sources.some((one) => 'walk' in one),
    stop: (error: Error) => stopped.abort(error),
  };
  try {
    const failure = await deliver(allSources(sources, until), lines, delivering);
    signal.throwIfAborted();
    if (failure) throw new FilesFailed(failure);
  } finally {
    await uplink.close();
    await closeSources(sources);
  }
}

const linkOptions = (links: NonNullable<SendAllOptions['links']>): LinkOptions => ({
  ...links,
  told: new Set(),
  untold: new WeakMap(),
});

/** Says why it is slow, where that is not the user's own wish. */
function watched({ report, limit, clock }: SendAllOptions): Report {
  if (limit) return report;
  const watch = new SlowServer(report, clock);
  return (event) => {
    report(event);
    watch.track(event);
  };
}

function descriptionsUntil(signal: AbortSignal): Pick<JobOptions, 'describe' | 'shareRead'> {
  const { describe, shareRead } = new Descriptions(signal);
  return { describe, shareRead };
}

/** The lines by which files reach the JIDs, in their order. */
function linesTo(jids: readonly string[], uplink: Uplink, options: SendAllOptions): Line[] {
  const { settings, ways, links, limit, lane, waitOnline = 0 } = options;
  const via = ways?.map(wayNamed);
  const mayLeave = links !== undefined;
  const may = { mayLeave, mayBePlain: lane?.mayBePlain };
  const sealingOf = sealingsBy(options.sealing);
  return jids.map((jid) => {
    const line = { ...options, sealing: sealingOf(jid), jid, via, ...may, uplink, waitOnline };
    return new Line({ ...line, settings: within(limit, settings) });
  });
}

/** Sends all files by each of the lines. Resolves to the first failure, in the order of the lines. */
async function deliver(
  files: AsyncGenerator<Source>,
  lines: readonly Line[],
  options: DeliveryOptions,
): Promise<Error | undefined> {
  const each = shared(files, lines.length);
  const deliveries = lines.map((line, index) =>
    new Delivery(line, options).send(each[index] as AsyncIterable<Source>),
  );
  const failures = await Promise.all(deliveries);
  return failures.find((failure) => failure !== undefined);
}

/**
 * Where all goes by lanes, no more than these are under way. Who takes files so in the clear alone gets them one after
 * the other: only another of us says when it takes no more.
 */
const mostOf = ({ transport }: SendAllOptions): number =>
  transport === 's5b' ? MOST_LANES : MOST_UNDER_WAY;

const STOPPED = 'stopped; the same command goes on from there';

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}
