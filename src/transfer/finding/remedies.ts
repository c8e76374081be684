import { JingleEnded } from '../../protocol/jingle/session/jingle-ended.js';
import { inTime } from '../../protocol/within.js';
import { type Clock, systemClock } from '../../session/clock.js';
import { prepareJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { isWithoutServer } from '../answers.js';
import type { Report } from '../events.js';
import type { Sealing } from '../keys/sealing.js';
import { KeyUntold, RecipientUnreachable } from '../recipient-errors.js';
import type { Source } from '../sources/source.js';
import { type OwnUploads, ownUploads } from '../ways/http/uploads.js';
import { isFinal, mayCome } from './absence.js';

/** Milliseconds that the own server, and then its services, may take to say whether uploads are taken. */
const ANSWER_MS = 3_000;
/** Milliseconds for all of that, going online too: a session that is being resumed lets no time pass for what is asked. */
const ASKING_MS = 2 * ANSWER_MS;

interface RemediesOptions {
  /** The recipient, as the user gave it. */
  jid: string;
  sealing: Pick<Sealing, 'whyNothingLeft'>;
  /** The flag by which files would be left on the own server; absent: they are, or must not be. */
  leavingBy?: string | undefined;
  /** What nobody takes is left there already. */
  mayLeave?: boolean | undefined;
  /** Milliseconds that it is waited for. */
  waitOnline: number;
  session(): Promise<Session>;
  signal: AbortSignal;
  report: Report;
  clock?: Clock | undefined;
}

/** What the user can do so that a file reaches a recipient who is not there. */
export class Remedies {
  readonly #options: RemediesOptions;
  #isTold = false;
  #uploads: Promise<OwnUploads | undefined> | undefined;

  constructor(options: RemediesOptions) {
    this.#options = options;
  }

  /** Notes once that nothing will be left, where that is so: whoever is there gets the file all the same. */
  async tellOfLeaving(): Promise<void> {
    if (this.#isTold) return;
    this.#isTold = true;
    const { jid, sealing, report } = this.#options;
    const why = await sealing.whyNothingLeft();
    if (why === undefined) return;
    const text = `${jid} gets it only when somebody is there to take it: ${why} (--encrypt off leaves it)`;
    report({ event: 'note', text });
  }

  /** In a line, after a file has failed with this error; nothing where nothing would help. `size`: bytes, if known. */
  async after(error: Error, file: Pick<Source, 'size' | 'isFolder'>): Promise<string | undefined> {
    const { waitOnline, mayLeave, leavingBy } = this.#options;
    if (mayLeave) return undefined;
    // What was waited for in vain tells what it was.
    const why = error.cause instanceof RecipientUnreachable ? error.cause : error;
    const isWaiting = waitOnline > 0;
    const isAbsent = mayCome(why) && !(why instanceof KeyUntold);
    const waiting =
      isAbsent && !isWaiting ? ['--wait-online 3h waits until somebody there takes it'] : [];
    const instead = isWaiting ? ' in place of --wait-online' : '';
    const leaving = (await this.#mayLeave(why, file))
      ? [`${leavingBy}${instead} leaves it on your server, not encrypted, with a link`]
      : [];
    return [...waiting, ...leaving].join('; ') || undefined;
  }

  async #mayLeave(
    why: Error,
    { size, isFolder }: Pick<Source, 'size' | 'isFolder'>,
  ): Promise<boolean> {
    const { jid, sealing, leavingBy, report } = this.#options;
    if (!leavingBy || size === undefined || isFolder) return false;
    if (!(await isLeftFor(jid, why, sealing))) return false;
    this.#uploads ??= this.#ask();
    const until = this.#uploads;
    report({ event: 'pending', text: 'asking your server whether it takes uploads', until });
    const { isTaken = false, maxSize = size } = (await until) ?? {};
    return isTaken && size <= maxSize;
  }

  async #ask(): Promise<OwnUploads | undefined> {
    const { session, signal, clock = systemClock } = this.#options;
    const ask = async (until: AbortSignal) => ownUploads(await session(), until, ANSWER_MS);
    // Without an answer nothing is promised. The error that it is asked for is not held back.
    return inTime(clock, ASKING_MS, signal, ask).catch(() => undefined);
  }
}

/** Whether a link would be left for this recipient, where this is why nobody there took a file, if that is known. */
export async function isLeftFor(
  jid: string,
  why: Error | undefined,
  sealing: Pick<Sealing, 'whyNothingLeft'>,
): Promise<boolean> {
  if (prepareJid(jid).local === '' || (why && !leavesLink(why))) return false;
  return !(await sealing.whyNothingLeft().catch((error: Error) => error.message));
}

/** Whether the account would have got a link, where this is why nobody took the file. */
function leavesLink(error: Error): boolean {
  const { cause } = error;
  if (!(error instanceof RecipientUnreachable)) return false;
  if (cause instanceof StanzaError) return !isFinal(cause) && !isWithoutServer(cause);
  // Whoever may have been asked is not passed over.
  return cause === undefined || cause instanceof JingleEnded;
}
