import { nameOf } from '../../protocol/file-offer.js';
import { ownHints } from '../../session/hints.js';
import type { Report } from '../events.js';
import type { Secrecy, Trust } from '../keys/rules.js';
import type { TransferLimits } from '../quotas/limits.js';
import type { RateLimit } from '../rate-limit.js';
import { ReceivingEnded, StillUnderWay, whyNotReceived } from '../reception-errors.js';
import type { Policy } from '../serving/policy.js';
import { nextTransferId } from '../transfer-id.js';
import type { IncomingOffer } from '../ways/incoming.js';
import { KeyNotTrusted, NotSealed } from '../ways/key-errors.js';
import { confirmThere } from './already-there.js';
import type { FilesUnderWay } from './files-under-way.js';
import type { Inbox } from './inbox.js';
import type { Judged } from './key-rules.js';
import { Proof } from './proof.js';
import { type ReceivedFile, type ReceiveOptions, receiveFile } from './receive-file.js';

/** A file that arrived. */
export interface Arrival extends ReceivedFile {
  /** As the sender called it, with the folders that it is in. */
  name: string;
  /** The sender's full JID. */
  peer: string;
  /** The sender's key, as people see it, and what was known of it, if it was sealed. */
  sealedBy?: string | undefined;
  trust?: Trust | undefined;
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
  /** Whose offers are taken, by their keys. */
  judge(file: IncomingOffer): Promise<Judged>;
  /** Whether the user is to hear of an offer that was refused for its key. */
  isNews(peer: string): boolean;
}

/** What has become of an offer; `there`: an earlier transfer had brought the file. */
type Ending = 'whole' | 'there' | 'later' | 'failed';

/** The bytes of a file that have come, and the lane that they came by. */
interface Span {
  start: number;
  end: number;
  lane?: { lane: string } | undefined;
}

/** One offer, and how far it has come. */
interface Attempt {
  about: { id: number; peer: string; name: string; isFolder?: true; size?: number };
  span: Span;
  proof?: Proof;
  /** Its sender hears of what fails from then on. */
  isAnswered: boolean;
  ending: Ending;
}

/**
 * Receives a file, tells the user and counts it. Returns it if it arrived whole; a transfer that fails does not end the
 * others. `mustReplace`: there is only room if an earlier transfer of it gives way.
 */
export async function receiveOne(
  file: IncomingOffer,
  options: ReceptionOptions,
  mustReplace: boolean,
): Promise<Arrival | undefined> {
  const { signal, limits } = options;
  const { size, isFolder } = file.offer;
  const facts = { id: nextTransferId(), peer: file.peer, name: nameOf(file.offer) };
  const attempt: Attempt = {
    about: { ...facts, ...(isFolder && { isFolder }), ...(size === undefined ? {} : { size }) },
    ...{ span: { start: 0, end: 0 }, isAnswered: false, ending: 'failed' },
  };
  try {
    return await receiveJudged(file, options, mustReplace, attempt);
  } catch (error) {
    if (error instanceof StillUnderWay) attempt.ending = 'later';
    // A stop is no refusal: the sender may come again.
    const isStopped = !attempt.isAnswered && signal.aborted;
    const why = isStopped ? new ReceivingEnded('stopped') : (error as Error);
    if (!attempt.isAnswered) file.fail(why);
    tellOfFailure(error as Error, attempt.about, attempt.proof?.isGiven ?? !file.peerKey, options);
    return undefined;
  } finally {
    attempt.proof?.entry?.leave(attempt.ending === 'whole');
    count(limits, file.peer, attempt.ending, attempt.span.end - attempt.span.start);
  }
}

async function receiveJudged(
  file: IncomingOffer,
  options: ReceptionOptions,
  mustReplace: boolean,
  attempt: Attempt,
): Promise<Arrival | undefined> {
  const { inbox, knows, underWay, limit, signal, report, isDue } = options;
  const judged = await options.judge(file);
  const proof = new Proof(file, judged, {
    enter: () => underWay.enter(file, signal, mustReplace),
    letEnd: () => underWay.letEnd(file, signal),
  });
  attempt.proof = proof;
  await proof.begin();
  attempt.isAnswered = true;
  const { secrecy, isOurs } = judged;
  const { size: _size, ...facts } = attempt.about;
  const { peer, name } = facts;
  const confirming = { onProven: proof.give, isOurs };
  const mayKnow = file.linkId !== undefined || knows(peer);
  const there = mayKnow ? await confirmThere(file, inbox, confirming) : undefined;
  if (there) {
    attempt.ending = 'there';
    report({ event: 'already-there', ...facts, ...there, ...secrecy, incoming: true });
    return undefined;
  }
  const pace = limit && ((bytes: number) => limit.take(bytes, signal));
  const followed = follow({ ...attempt.about, secrecy }, proof, attempt.span, report);
  const sealed = secrecy.encrypted ? { sealedBy: secrecy.peerKey, trust: secrecy.trust } : {};
  const toKeep = { isDue, isOurs, trust: sealed.trust, left: proof.left };
  const hears = { ...followed, onProven: proof.giveAndEnter };
  const whole = await receiveFile(file, inbox, { ...hears, ...toKeep, pace });
  attempt.ending = 'whole';
  if (file.offer.isFolder)
    return void report({ event: 'folder', ...facts, path: whole.path, ...secrecy });
  report({ event: 'done', ...facts, ...shown(whole), ...attempt.span.lane, ...secrecy });
  return { peer, name, ...whole, ...sealed };
}

const shown = ({ recordId, ...received }: ReceivedFile) => received;

function count(limits: TransferLimits, peer: string, ending: Ending, bytes: number): void {
  if (ending === 'later') limits.turnedAway(peer);
  else if (ending === 'there') limits.wasThere(peer);
  else limits.ended(peer, bytes, ending === 'whole');
}

/**
 * What somebody in between could repeat without end is told once an hour, and without what an offer says that may not
 * be its sender's.
 */
function tellOfFailure(
  error: Error,
  about: Attempt['about'],
  isProven: boolean,
  { report, exitCodeOf, isNews }: ReceptionOptions,
): void {
  const { id, peer } = about;
  const shown = isProven ? about : { id, peer, name: '' };
  const what = isProven ? about.name || 'a file without a name' : 'a file';
  const text = `${what} from ${peer} did not arrive: ${whyNotReceived(error)}`;
  const isOfKey = error instanceof KeyNotTrusted || error instanceof NotSealed;
  const isTold = isOfKey ? isNews(peer) : isProven;
  if (!isTold) return report({ event: 'note', text });
  // Others are for its sender.
  const more = isOfKey && ownHints(error).length > 0 ? { hints: ownHints(error) } : {};
  report({ event: 'failed', error: text, ...more, exitCode: exitCodeOf(error), ...shown });
}

/** Tells the user how far the file is. */
function follow(
  { secrecy, ...about }: Attempt['about'] & { secrecy: Secrecy },
  proof: Proof,
  span: Span,
  report: Report,
): ReceiveOptions {
  return {
    onStart: (offset, lane) => {
      span.start = span.end = offset;
      span.lane = lane === undefined ? undefined : { lane };
      report({ event: 'start', ...about, ...span.lane, ...secrecy, incoming: true });
      proof.entry?.reached(offset);
      if (offset > 0) report({ event: 'resumed', ...about, offset });
    },
    onWait: (until, share) =>
      report({
        event: 'pending',
        text: `reading again what is kept of ${about.name}`,
        until,
        share,
      }),
    onArrived: () => proof.entry?.moved(),
    onProgress: (bytes) => {
      span.end = bytes;
      proof.entry?.reached(bytes);
      report({ event: 'progress', ...about, bytes });
    },
  };
}
