import { nameOf } from '../../protocol/file-offer.js';
import { JingleEnded } from '../../protocol/jingle/session/jingle-ended.js';
import { hasBegunAnew } from '../answers.js';
import type { Report } from '../events.js';
import type { Secrecy } from '../keys/rules.js';
import type { TransferLimits } from '../quotas/limits.js';
import type { RateLimit } from '../rate-limit.js';
import { ReceivingEnded, StillUnderWay } from '../reception-errors.js';
import type { Policy } from '../serving/policy.js';
import { nextTransferId } from '../transfer-id.js';
import type { IncomingOffer } from '../ways/incoming.js';
import { KeyNotTrusted, NotSealed } from '../ways/key-errors.js';
import { confirmThere } from './already-there.js';
import type { Entry, FilesUnderWay } from './files-under-way.js';
import type { Inbox } from './inbox.js';
import type { Judged } from './key-rules.js';
import { type ReceivedFile, type ReceiveOptions, receiveFile } from './receive-file.js';

/** A file that arrived. */
export interface Arrival extends ReceivedFile {
  /** As the sender called it, with the folders that it is in. */
  name: string;
  /** The sender's full JID. */
  peer: string;
}

export interface ReceptionOptions {
  inbox: Inbox;
  /** Whether the one with this JID may learn which of the files that it sent are there. */
  knows: Policy;
  underWay: FilesUnderWay;
  limits: TransferLimits;
  /** The rate of all files together; absent: as fast as they come. */
  limit?: RateLimit | undefined;
  signal: AbortSignal;
  report: Report;
  /** The exit code that the process would have, if the error had ended it. */
  exitCodeOf: (error: Error) => number;
  /** Something is to be done for the file when it is there. */
  isDue: boolean;
  /** The own account, as a bare JID. */
  own: string;
  /** Whose offers are taken, by their keys. */
  judge(file: IncomingOffer): Promise<Judged>;
  /** Whether the user is to hear of an offer that was refused for its key. */
  isNews(peer: string): boolean;
}

/** What has become of an offer; `there`: an earlier transfer had brought the file. */
type Ending = 'whole' | 'there' | 'later' | 'failed';

/**
 * Receives a file, tells the user and counts it. Returns it if it arrived whole; a transfer that fails does not end the
 * others. `mustReplace`: there is only room if an earlier transfer of it gives way.
 */
export async function receiveOne(
  file: IncomingOffer,
  options: ReceptionOptions,
  mustReplace: boolean,
): Promise<Arrival | undefined> {
  const { inbox, knows, underWay, limit, signal, report, isDue, own } = options;
  const [id, { size, isFolder }] = [nextTransferId(), file.offer];
  const facts = { peer: file.peer, name: nameOf(file.offer) };
  const about = { id, ...facts, ...(size === undefined ? {} : { size }) };
  const span = { start: 0, end: 0 };
  let entry: Entry | undefined;
  let ending: Ending = 'failed';
  try {
    const { secrecy, proven: onProven } = await options.judge(file);
    entry = await underWay.enter(file, signal, mustReplace);
    const there = knows(file.peer) ? await confirmThere(file, inbox, { onProven, own }) : undefined;
    if (there) {
      ending = 'there';
      report({ event: 'already-there', id, ...facts, ...there, ...secrecy, incoming: true });
      return undefined;
    }
    const pace = limit && ((bytes: number) => limit.take(bytes, signal));
    const followed = follow({ ...about, secrecy }, entry, span, report);
    const whole = await receiveFile(file, inbox, { ...followed, pace, isDue, own, onProven });
    ending = 'whole';
    if (isFolder)
      return void report({ event: 'folder', id, ...facts, path: whole.path, ...secrecy });
    report({ event: 'done', id, ...facts, ...shown(whole), ...secrecy });
    return { ...facts, ...whole };
  } catch (error) {
    if (error instanceof StillUnderWay) ending = 'later';
    // A stop is no refusal: the sender may come again.
    if (!entry) file.fail(signal.aborted ? new ReceivingEnded('stopped') : (error as Error));
    tellOfFailure(error as Error, about, options);
    return undefined;
  } finally {
    entry?.leave(ending === 'whole');
    count(options.limits, file.peer, ending, span.end - span.start);
  }
}

const shown = ({ recordId, ...received }: ReceivedFile) => received;

function count(limits: TransferLimits, peer: string, ending: Ending, bytes: number): void {
  if (ending === 'later') limits.turnedAway(peer);
  else if (ending === 'there') limits.wasThere(peer);
  else limits.ended(peer, bytes, ending === 'whole');
}

/** What somebody in between could repeat without end is told once an hour. */
function tellOfFailure(
  error: Error,
  about: { id: number; peer: string; name: string; size?: number },
  { report, exitCodeOf, isNews }: ReceptionOptions,
): void {
  const what = about.name === '' ? 'a file without a name' : about.name;
  const text = `${what} from ${about.peer} did not arrive: ${whyNot(error)}`;
  const isOfKey = error instanceof KeyNotTrusted || error instanceof NotSealed;
  if (isOfKey && !isNews(about.peer)) return report({ event: 'note', text });
  report({ event: 'failed', error: text, exitCode: exitCodeOf(error), ...about });
}

/** Tells the user how far the file is; `span`: the bytes of it that have come. */
function follow(
  {
    secrecy,
    ...about
  }: { id: number; peer: string; name: string; size?: number; secrecy: Secrecy },
  entry: Entry,
  span: { start: number; end: number },
  report: Report,
): ReceiveOptions {
  return {
    onStart: (offset) => {
      span.start = span.end = offset;
      report({ event: 'start', ...about, ...secrecy, incoming: true });
      if (offset > 0) report({ event: 'resumed', ...about, offset });
    },
    onProgress: (bytes) => {
      span.end = bytes;
      entry.progressed(bytes);
      report({ event: 'progress', ...about, bytes });
    },
  };
}

/** Jingle's reasons are no words for people. */
function whyNot(error: Error): string {
  if (!(error instanceof JingleEnded)) return error.message;
  if (hasBegunAnew(error.reason)) return 'its sender has begun anew';
  return error.byUs ? error.message : `its sender ended it (${error.message})`;
}
