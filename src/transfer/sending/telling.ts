import type { Outlet } from '../../protocol/channel.js';
import { nameOf } from '../../protocol/file-offer.js';
import { isConnectionError } from '../attempts/passing.js';
import { nextTry, timeInWords } from '../attempts/time-in-words.js';
import type { Event, Report } from '../events.js';
import type { Secrecy } from '../keys/rules.js';
import { WHAT_PLAIN_MEANS } from '../lane/names.js';
import { RecipientUnreachable } from '../recipient-errors.js';
import type { Source } from '../sources/source.js';
import { nextTransferId } from '../transfer-id.js';
import type { Accepted } from '../ways/way.js';
import type { SendingLine } from './line.js';
import type { SentFile } from './send-file.js';

/** What the user hears of one file on its way; `peer` is always the full JID of its recipient. */
export class Telling {
  readonly #report: Report;
  readonly #source: Source;
  readonly #oneOfSeveral: string | undefined;
  readonly #id = nextTransferId();
  #hasStarted = false;
  #hasWarnedOfPath = false;
  /** The last reason to try again. */
  #setback: string | undefined;
  #secrecy: Secrecy = { encrypted: false };

  /** `oneOfSeveral`: the JID of its recipient, where there are others, so that each line must say whose it is. */
  constructor(report: Report, source: Source, oneOfSeveral?: string) {
    this.#report = report;
    this.#source = source;
    this.#oneOfSeveral = oneOfSeveral;
  }

  warn(text: string): void {
    this.#report({ event: 'warning', text: this.#named(text) });
  }

  #notice(text: string): void {
    this.#report({ event: 'notice', text: this.#named(text) });
  }

  note(text: string): void {
    this.#report({ event: 'note', text: this.#named(text) });
  }

  #named(text: string): string {
    const jid = this.#oneOfSeveral;
    return jid === undefined || text.includes(jid) ? text : `${jid}: ${text}`;
  }

  /** What the user waits for until the promise settles. */
  pending<T>(text: string, until: Promise<T>, share?: () => number | undefined): Promise<T> {
    const whole = share ? { share, size: this.#source.size } : {};
    this.#report({ event: 'pending', text, until, ...whole });
    return until;
  }

  /** The recipient is not there, as the error says, and is waited for, so many milliseconds at most. */
  waits(to: string, error: Error, limit: number): void {
    const { message } = error;
    this.#report({ event: 'waiting', id: this.#id, to, error: message, seconds: limit / 1000 });
    this.#notice(`${to} is not there; waiting for it, ${timeInWords(limit)} at most`);
  }

  /** The file is tried again in so many milliseconds, after this error. The same one is not told twice. */
  again(jid: string, error: Error, pause: number): void {
    const isSame = error.message === this.#setback;
    this.#setback = error.message;
    this.#notice(`${whatAgain(jid, error, isSame)}; ${nextTry(pause)}`);
  }

  /** What was told before is no longer so. */
  goesOn(): void {
    this.#setback = undefined;
  }

  offers(peer: string): void {
    this.#report({ event: 'offer', ...this.#facts(peer) });
  }

  starts(accepted: Accepted, secrecy: Secrecy): void {
    const { channel, range, isThere } = accepted;
    const { peer } = channel;
    const { offset } = range;
    this.#secrecy = secrecy;
    // Until the recipient has confirmed that, there is nothing to tell.
    if (isThere) return;
    const isFirst = !this.#hasStarted;
    this.#hasStarted = true;
    if (isFirst && accepted.leftFor !== undefined) this.#warnOfServers(peer, accepted.leftFor);
    if (channel.lane !== undefined && !secrecy.encrypted) this.#warnOfPath(peer);
    const how = { ...byLane(channel), ...secrecy };
    if (isFirst) this.#report({ event: 'start', ...this.#facts(peer), ...how });
    if (!isFirst || offset > 0) this.#report({ event: 'resumed', ...this.#facts(peer), offset });
  }

  /** Said before the first byte. */
  #warnOfServers(service: string, leftFor: string): void {
    const { name } = this.#source;
    this.#notice(
      `${name} is left on ${service} for ${leftFor}, not encrypted: servers will be able to read it`,
    );
  }

  /** Said once, in whichever attempt it is so at first. */
  #warnOfPath(peer: string): void {
    if (this.#hasWarnedOfPath) return;
    this.#hasWarnedOfPath = true;
    const { name } = this.#source;
    this.#notice(
      `${name} goes to ${peer} beside the XMPP stream, not encrypted: ${WHAT_PLAIN_MEANS}`,
    );
  }

  progressed(peer: string, bytes: number): void {
    this.#report({ event: 'progress', ...this.#facts(peer), bytes });
  }

  /**
   * What is to be told in its turn of a file that the recipient has. What is there after an attempt of ours was sent by
   * it, though its confirmation was lost.
   */
  done({ channel, isThere, leftFor }: Accepted, sent: SentFile): Event {
    this.#noteBlocks(sent);
    const { size, sha256, url } = sent;
    const lies = { size, sha256, url: url ?? '' };
    if (leftFor !== undefined) return { event: 'left', ...this.#facts(leftFor), ...lies };
    if (url !== undefined) return { event: 'uploaded', ...this.#facts(channel.peer), ...lies };
    const wasThere = isThere && !sent.unverified && !this.#hasStarted;
    const event = wasThere ? 'already-there' : 'done';
    const how = { ...(wasThere ? {} : byLane(channel)), ...this.#secrecy };
    return { event, ...this.#facts(channel.peer), ...sent, ...how };
  }

  /** Tells of a file that failed; `isOneOfSeveral`: a person must read which. */
  failed(
    { jid, verb }: Pick<SendingLine, 'jid' | 'verb'>,
    {
      text,
      hints = [],
      exitCode,
      isOneOfSeveral,
    }: {
      text: string;
      hints?: readonly string[] | undefined;
      exitCode: number;
      isOneOfSeveral: boolean;
    },
  ): Event {
    const name = nameOf(this.#source);
    const error = isOneOfSeveral ? `${name} was not ${verb} to ${jid}: ${text}` : text;
    const more = hints.length > 0 ? { hints } : {};
    return { event: 'failed', error, ...more, exitCode, ...this.#facts(jid) };
  }

  #noteBlocks({ blockSize, window }: SentFile): void {
    if (blockSize === undefined) return;
    const blocks = `in blocks of ${blockSize} bytes, up to ${window} of them under way`;
    this.note(`${this.#source.name} went ${blocks} in the end`);
  }

  #facts(peer: string) {
    const { size, isFolder } = this.#source;
    return {
      id: this.#id,
      peer,
      name: nameOf(this.#source),
      ...(isFolder ? { isFolder } : {}),
      ...(size === undefined ? {} : { size }),
    };
  }
}

const byLane = ({ lane }: Outlet): { lane?: string } => (lane === undefined ? {} : { lane });

function whatAgain(jid: string, error: Error, isSame: boolean): string {
  const still = isSame ? 'still ' : '';
  if (error instanceof RecipientUnreachable) return `${jid} is ${still}not there`;
  if (!isSame) return error.message;
  return isConnectionError(error) ? 'still no connection' : 'the same again';
}
