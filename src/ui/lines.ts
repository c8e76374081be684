import { sep } from 'node:path';
import type { Aside } from '../transfer/asides.js';
import type { Event } from '../transfer/events.js';
import type { Probed } from '../transfer/listed-events.js';
import { formatBytes } from '../units.js';

/**
 * The result that a script reads from stdout, as it is: the path of a file that was written, the
 * cid of a blob that was not, or where something lies. `undefined` where the event has no result.
 */
export function resultOf(event: Event): string | undefined {
  if (event.event === 'done') return event.path;
  if (event.event === 'blob') return event.path ?? event.cid;
  if (event.event === 'key') return event.key;
  if (event.event === 'uploaded') return event.url;
  return undefined;
}

/** What a person reads of the event: one sentence, not yet escaped, with its hash if `verbose`. `undefined`: nothing. */
export function sentenceOf(event: Event, verbose = false): string | undefined {
  if (isAside(event)) return sentenceOfAside(event);
  switch (event.event) {
    case 'state':
      return sentenceOfState(event);
    case 'offer':
      return `offering ${event.name} to ${event.peer}${details(event)}`;
    case 'start':
      return sentenceOfStart(event);
    case 'progress':
    // Its sentence is a warning.
    case 'waiting':
    case 'setting':
    case 'key':
    case 'received':
      return undefined;
    case 'resumed':
      return sentenceOfResumed(event);
    case 'done':
      return sentenceOfDone(event, verbose);
    case 'already-there':
      return `already there: ${event.name} ${event.incoming ? 'from' : 'at'} ${event.peer}`;
    case 'left':
      return `left for ${event.peer} (a link, as long as the server keeps it), not verified: ${event.name}${details(event)}${verbose ? `, at ${event.url}` : ''}`;
    case 'uploaded':
      return `uploaded ${event.name} to ${event.peer}${details(event)}`;
    case 'folder':
      return `received ${event.name} from ${event.peer}${details({ ...event, isFolder: true })}${otherName(event)}`;
    case 'failed':
      return `inband: ${event.error}`;
    case 'blob':
      return sentenceOfBlob(event);
    case 'trust':
      return sentenceOfTrust(event);
    case 'resource':
      return sentenceOfProbed(event);
    case 'uploads':
      return sentenceOfUploads(event);
  }
}

function sentenceOfAside({ event, text }: Aside): string {
  return event === 'warning' || event === 'skipped' ? `warning: ${text}` : text;
}

/** What stands below the sentence, a line each, not yet escaped. */
export const hintsOf = (event: Event): readonly string[] =>
  event.event === 'failed' ? (event.hints ?? []).map((hint) => `  ${hint}`) : [];

const ASIDES: ReadonlySet<Event['event']> = new Set([
  'warning',
  'notice',
  'skipped',
  'note',
  'pending',
]);

export function isAside(event: Event): event is Aside {
  return ASIDES.has(event.event);
}

/** What is sent or received has one line, when it is there. */
const FOR_VERBOSE: ReadonlySet<Event['event']> = new Set(['note', 'pending', 'offer', 'start']);

/** Whether a person reads of it, by the flags. */
export function isWanted({ event }: Event, flags: { quiet: boolean; verbose: boolean }): boolean {
  if (FOR_VERBOSE.has(event)) return flags.verbose;
  return event === 'failed' || !flags.quiet;
}

/** `offline` has no line: the error that ended the session is printed. */
function sentenceOfState({ state, jid }: Event & { event: 'state' }): string | undefined {
  if (state === 'online') return `online as ${jid}`;
  return state === 'resuming' ? 'connection lost, resuming' : undefined;
}

const sentenceOfStart = (event: Event & { event: 'start' }): string =>
  event.incoming
    ? `receiving ${event.name} from ${event.peer}${details(event)}`
    : `sending ${event.name} to ${event.peer}${details(event)}`;

/** Nothing goes on where nothing has arrived. */
const sentenceOfResumed = ({ name, offset, peer }: Event & { event: 'resumed' }): string =>
  offset > 0
    ? `resuming ${name} at ${formatBytes(offset)}, with ${peer}`
    : `trying ${name} again, with ${peer}`;

function sentenceOfDone(event: Event & { event: 'done' }, verbose: boolean): string {
  if (event.path === undefined) return sentenceOfSent(event, verbose);
  const doubt = event.unverified ? ', not verified: its sender told no hash' : '';
  return `received ${event.name} from ${event.peer}${details(event, verbose)}${otherName(event)}${doubt}`;
}

/** "Sent" is only what the recipient has verified. */
function sentenceOfSent(event: Event & { event: 'done' }, verbose: boolean): string {
  const what = `${event.name} to ${event.peer}${details(event, verbose)}`;
  if (!event.unverified) return `sent ${what}`;
  const said = event.success ? SUCCESS : '';
  return `delivered, not verified: ${what}${said}`;
}

const SUCCESS = '; its client says that it has the file, but not that it compared the hash';

function sentenceOfBlob(event: Event & { event: 'blob' }): string {
  const what =
    event.path === undefined
      ? `published ${event.cid}`
      : `fetched ${event.cid} from ${event.peer ?? 'the cache'}`;
  return `${what} (${event.type}, ${formatBytes(event.size)})`;
}

function sentenceOfTrust({ peer, key, trust, label }: Event & { event: 'trust' }): string {
  const which = `${key} of ${peer}${label === undefined ? '' : ` (${label})`}`;
  if (trust === 'removed') return `no longer trusted: ${which}`;
  return `${trust === 'verified' ? 'compared' : 'trusted'}: ${which}`;
}

function sentenceOfProbed(probed: Probed): string | undefined {
  const { peer, via, why, refused, remark } = probed;
  const offer = via && `send offers it to ${peer} by ${via}: ${why}${howBytesGo(probed)}`;
  const choice = refused === undefined ? offer : `send refuses ${peer}: ${refused}`;
  if (!remark) return choice;
  return choice ? `${choice} (${remark})` : `${peer}: ${remark}`;
}

function howBytesGo({ lanes, inBand }: Probed): string {
  if (lanes) return `; encrypted, its bytes go ${anyOf(lanes)}, else in-band`;
  return inBand ? `; encrypted, its bytes go in-band: ${inBand}` : '';
}

function sentenceOfUploads({ peer, isTaken, maxSize }: Event & { event: 'uploads' }): string {
  if (!isTaken) return `${peer} takes no uploads (XEP-0363): nothing can be left there`;
  const limit = maxSize === undefined ? '' : ` of up to ${formatBytes(maxSize)}`;
  return `${peer} takes uploads${limit}: send --via auto,http leaves a file there, not encrypted, with a link`;
}

/** Ways beside the XMPP stream, the best first. */
const anyOf = (lanes: readonly string[]): string => lanes.map(wordsFor).join(', or ');

const wordsFor = (lane: string): string => {
  if (lane === 'theirs') return 'by a proxy of its server, if there is one';
  return lane === 'direct' ? 'directly' : `by ${lane}`;
};

/** The name that it has here, where that is another one: some are hidden, unfit for a disk, or taken. */
function otherName({ name, path = '' }: { name: string; path?: string | undefined }): string {
  const parts = name.split('/').filter(Boolean);
  const here = path.split(sep).slice(-parts.length).join('/');
  return here === parts.join('/') ? '' : `, here ${here}`;
}

interface Details {
  isFolder?: true;
  size?: number;
  sha256?: string;
  lane?: string;
  encrypted?: boolean;
}

function details({ isFolder, size, sha256, lane, encrypted }: Details, verbose = true): string {
  const known = [
    ...(isFolder ? ['a folder'] : size === undefined ? [] : [formatBytes(size)]),
    ...(sha256 === undefined || isFolder || !verbose ? [] : [`sha-256 ${sha256}`]),
    ...(lane === undefined ? [] : [wordsFor(lane)]),
    ...(encrypted === false ? ['not encrypted'] : []),
  ];
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}
