import { enableCarbons } from '../protocol/carbons.js';
import type { Handler, HandlerRegistry } from '../protocol/handler-registry.js';
import { HASH_FEATURES } from '../protocol/hashes.js';
import { InBandBytestreams } from '../protocol/ibb/in-band-bytestreams.js';
import { NS_IBB, streamKey } from '../protocol/ibb/stanzas.js';
import { JINGLE_FEATURES, JingleFileTransfers } from '../protocol/jingle/jingle-file-transfers.js';
import { JingleEnded } from '../protocol/jingle/jingle-session.js';
import { answerProposals, NS_JINGLE_MESSAGE } from '../protocol/jingle/message-initiation.js';
import { NS_PING } from '../protocol/ping.js';
import { SiFileTransfers } from '../protocol/si/si-file-transfers.js';
import { SI_FEATURES } from '../protocol/si/stanzas.js';
import { FilesUnderWay, type Place } from '../transfer/receiving/files-under-way.js';
import type { Inbox } from '../transfer/receiving/inbox.js';
import { PACE, type TransferLimits } from '../transfer/receiving/limits.js';
import { noPlace } from '../transfer/receiving/no-place.js';
import {
  bareOffer,
  type IncomingOffer,
  jingleOffer,
  receiveFile,
  StillUnderWay,
  siOffer,
} from '../transfer/receiving/receive-file.js';
import type { Reporter } from '../ui/report.js';
import type { Context } from './context.js';
import { type Arrival, runFor } from './exec.js';
import type { ReceiveFlags } from './receive.js';
import { announce, type Serving, untilEnded } from './serve.js';

const FEATURES = [
  ...[NS_IBB, NS_PING, NS_JINGLE_MESSAGE],
  ...[...JINGLE_FEATURES, ...SI_FEATURES, ...HASH_FEATURES],
];

/** What is to end before `receive` does, with the peer of each: transfers, and the programs run for files. */
export type Running = Map<Promise<void>, string>;

/** Receives files on one session, and closes it in the end. See `receive`. */
export async function receiveOn(
  serving: Serving,
  inbox: Inbox,
  registry: HandlerRegistry,
  running: Running,
  flags: ReceiveFlags,
  context: Context,
  reporter: Reporter,
): Promise<void> {
  const { session, quotas } = serving;
  const limits = quotas.transfers;
  const bytestreams = new InBandBytestreams(session, { pace: PACE, halfOpen: true }, registry);
  const jingle = new JingleFileTransfers(session, bytestreams);
  const si = new SiFileTransfers(session, bytestreams);
  const transfers = new Set<Promise<Arrival | undefined>>();
  const underWay = new FilesUnderWay();
  /** The peers of bytestreams that were accepted and not handed over yet. */
  const opening = new Map<string, string>();
  const hasRoom = ({ peer }: { peer: string }) =>
    limits.hasRoom(peer, [...running.values(), ...opening.values()]);
  for (const one of [jingle, si]) {
    one.mayOffer = (peer) => limits.mayOffer(peer);
    one.onRefused = (peer, why) => reporter.note(`an offer of ${peer} was refused: ${why}`);
  }
  const reserve = (peer: string, key: string) => hasRoom({ peer }) && !!opening.set(key, peer);
  registry.registerDefault(authorizing(inbox, limits, reserve), 'ibb', 'authorized');
  // A bytestream that was announced while it was let in is not handed over here; it gives its place back at its end.
  const giveBack: Handler<unknown, void> = (_jid, sid = '', peer = '') =>
    void opening.delete(streamKey(peer, sid));
  registry.registerDefault(giveBack, 'ibb', 'del_stream');
  let isDone = false;
  let failure: Error | undefined;
  try {
    const arrived = new Promise<void>((resolve) => {
      const take = (file: IncomingOffer, mustReplace = false) => {
        const reception = { inbox, underWay, limits, context, reporter };
        const transfer = receiveOne(file, reception, mustReplace);
        transfers.add(transfer);
        const one = transfer
          .then((arrival) => {
            transfers.delete(transfer);
            if (!arrival) return undefined;
            isDone = flags.once ?? false;
            if (isDone) resolve();
            return runProgram(arrival, flags, context, reporter);
          })
          .then(() => void running.delete(one));
        running.set(one, file.peer);
      };
      bytestreams.onBytestream = (stream) => {
        opening.delete(streamKey(stream.peer, stream.sid));
        take(bareOffer(stream, context.now()));
      };
      // One whose connection has broken holds a place that it cannot use any more, and comes again.
      const takeOr = (refuse: () => void, file: IncomingOffer) => {
        if (hasRoom(file)) take(file);
        else if (underWay.mayReplace(file)) take(file, true);
        else {
          // A sender that waits for a place asks again and again.
          if (quotas.notes.take(file.peer))
            reporter.note(`${file.peer} is to come later: there are as many transfers as may be`);
          limits.turnedAway(file.peer);
          refuse();
        }
      };
      jingle.onOffer = (file) =>
        takeOr(() => file.decline({ condition: 'busy' }), jingleOffer(file));
      si.onOffer = (file) => takeOr(() => file.refuseForNow(), siOffer(file));
    });
    await takeProposals(serving, reporter);
    await announce(session, reporter, FEATURES);
    await untilEnded(session, context.signal, arrived);
  } catch (error) {
    failure = error as Error;
  }
  const why = context.signal.aborted ? context.signal.reason : undefined;
  jingle.close(why);
  si.close();
  bytestreams.close(why);
  // Not for their programs: who writes to us meanwhile should find us again soon.
  await Promise.all(transfers);
  await session.close();
  // The last bytes may have come before the connection was lost, and the file is there only now.
  if (failure && (context.signal.aborted || !isDone)) throw failure;
}

/**
 * A bytestream that nobody announced counts as an offer, takes its place at once (`reserve`, by its key), and must be
 * that of a whole file.
 */
function authorizing(
  inbox: Inbox,
  limits: TransferLimits,
  reserve: (peer: string, key: string) => boolean,
): Handler<unknown, boolean> {
  return (_jid, sid = '', peer = '') => {
    const key = streamKey(peer, sid);
    if (inbox.hasRest(key)) return false;
    if (limits.mayOffer(peer)) {
      if (reserve(peer, key)) return true;
      limits.turnedAway(peer);
    }
    throw noPlace();
  };
}

/** Lets those find us who do not see us; where the server has no carbons, they need our full JID. */
async function takeProposals(
  { session, admit, quotas }: Serving,
  reporter: Reporter,
): Promise<void> {
  answerProposals(session, (from) => admit(from) && quotas.proposals.take(from));
  try {
    await enableCarbons(session);
  } catch (error) {
    session.ended.throwIfAborted();
    reporter.note(
      `the server copies no messages to us, so who does not see us online needs our full JID (${(error as Error).message})`,
    );
  }
}

interface Reception {
  inbox: Inbox;
  underWay: FilesUnderWay;
  limits: TransferLimits;
  context: Context;
  reporter: Reporter;
}

/** Returns the file if it arrived whole; a transfer that fails does not end the others. */
async function receiveOne(
  file: IncomingOffer,
  { inbox, underWay, limits, context, reporter }: Reception,
  mustReplace: boolean,
): Promise<Arrival | undefined> {
  const { signal } = context;
  const { report } = reporter;
  const { name, size } = file.offer;
  const facts = { peer: file.peer, name };
  const about = size === undefined ? {} : { size };
  let place: Place | undefined;
  let [start, end, isWhole, isLater] = [0, 0, false, false];
  try {
    place = await underWay.enter(file, signal, mustReplace);
    const received = await receiveFile(file, inbox, {
      onStart: (offset) => {
        start = end = offset;
        report({ event: 'start', ...facts, ...about, incoming: true });
        if (offset > 0) report({ event: 'resumed', ...facts, offset });
      },
      onProgress: (bytes) => {
        end = bytes;
        place?.progressed(bytes);
        report({ event: 'progress', ...facts, ...about, bytes });
      },
    });
    isWhole = true;
    report({ event: 'done', ...facts, ...received });
    return { ...facts, ...received };
  } catch (error) {
    isLater = error instanceof StillUnderWay;
    if (!place) file.fail(error as Error);
    const message = `${name} from ${file.peer} did not arrive: ${whyNot(error as Error)}`;
    const exitCodeOf = await context.exitCodeOf();
    report({ event: 'failed', error: message, exitCode: exitCodeOf(error as Error), ...facts });
    return undefined;
  } finally {
    place?.leave();
    if (isLater) limits.turnedAway(file.peer);
    else limits.ended(file.peer, end - start, isWhole);
  }
}

/** Jingle's reasons are no words for people. */
function whyNot(error: Error): string {
  if (!(error instanceof JingleEnded)) return error.message;
  if (error.reason.condition === 'alternative-session') return 'its sender has begun anew';
  return error.byUs ? error.message : `its sender ended it (${error.message})`;
}

/** It takes a place among the transfers: how many run at a time has the same limit. */
async function runProgram(
  arrival: Arrival,
  { exec }: ReceiveFlags,
  context: Context,
  { warn }: Reporter,
): Promise<void> {
  if (exec === undefined) return;
  await runFor(exec, arrival, context).catch((error: Error) => warn(error.message));
}
