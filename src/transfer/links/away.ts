import { type Archived, hasArchive, readArchive } from '../../protocol/messages/archive.js';
import { readLinks } from '../../protocol/messages/read-link.js';
import type { Clock } from '../../session/clock.js';
import { bareJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { isUnknownItem } from '../answers.js';
import type { Report } from '../events.js';
import type { ArchiveMark, ArchiveMarks } from './archive-marks.js';
import type { Fetches } from './fetches.js';
import type { Link } from './incoming-link.js';

/** Messages of a page. */
const PAGE = 50;

/** Milliseconds for a page: a server looks it up in all that it keeps. */
const ANSWER_MS = 60_000;

/** Milliseconds until it is tried again to add a link, where too many wait. */
const FULL_MS = 5_000;

/** Milliseconds between two looks, at least; and for each JID that is asked for. */
const LOOK_MS = 60_000;
const LOOK_EACH_MS = 2_000;

interface AwayOptions {
  session: Session;
  fetches: Pick<Fetches, 'add'>;
  marks: ArchiveMarks;
  clock: Clock;
  /** Gives up. */
  signal: AbortSignal;
  report: Report;
}

/** How far the messages of one were read, and when all that was found in them is done. */
interface Reading {
  mark: ArchiveMark;
  done: Promise<unknown>;
}

/**
 * Finds the links that came while nobody was online here, or were not shown to us, in the archive of the own server. Of
 * each JID only what was written since the last time is read, and the first time nothing: that is marked as the beginning.
 */
export class Away {
  readonly #options: AwayOptions;
  readonly #account: string;
  /** By JID. */
  readonly #read = new Map<string, Reading>();

  constructor(options: AwayOptions) {
    this.#options = options;
    this.#account = bareJid(options.session.jid);
  }

  /**
   * Asks for each of these bare JIDs, and again and again: some servers copy no message to us that is there for nobody
   * else. Resolves when there is no archive, or the signal aborts. Tells what fails.
   */
  async read(jids: () => readonly string[]): Promise<void> {
    const { session, signal, report, clock } = this.#options;
    let [told, pause, isKnown] = ['', LOOK_MS, false];
    while (!signal.aborted && !session.ended.aborted) {
      try {
        isKnown ||= await hasArchive(session, { signal });
        if (!isKnown) return report(NO_ARCHIVE);
        pause = await this.#readAll(jids());
        told = '';
      } catch (error) {
        if (signal.aborted || session.ended.aborted) return;
        const text = `the archive of the server cannot be read for links (${(error as Error).message})`;
        if (text !== told) report({ event: 'warning', text });
        told = text;
      }
      // Cut short, the session is over.
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  /** Resolves to the milliseconds until the next look. */
  async #readAll(jids: readonly string[]): Promise<number> {
    for (const jid of jids) await this.#readOne(jid);
    return Math.max(LOOK_MS, jids.length * LOOK_EACH_MS);
  }

  async #readOne(jid: string): Promise<void> {
    const read = this.#read.get(jid) ?? (await this.#begin(jid));
    if (!read) return;
    this.#read.set(jid, read);
    for (let isLast = false; !isLast; ) {
      const page = await this.#next(jid, read.mark);
      const last = page.messages.at(-1);
      if (!last || last.id === read.mark.id) return;
      const settled = await this.#take(page.messages);
      const mark = { id: last.id, at: last.at ?? read.mark.at };
      read.mark = mark;
      read.done = Promise.all([read.done, ...settled]).then(() => this.#mark(jid, mark));
      isLast = page.isLast;
    }
  }

  /** Nothing where it is the first time, which is marked. */
  async #begin(jid: string): Promise<Reading | undefined> {
    const { marks } = this.#options;
    const mark = await marks.read(this.#account, jid);
    if (mark) return { mark, done: Promise.resolve() };
    const [last] = (await this.#page(jid, undefined, 1)).messages;
    await marks.write(this.#account, jid, { id: last?.id, at: last?.at });
    return undefined;
  }

  /** The messages behind a mark; where the archive has forgotten that, those that are not older. */
  async #next(jid: string, { id, at }: ArchiveMark) {
    if (id === undefined) return this.#page(jid, { at: at ?? new Date(0) }, PAGE);
    try {
      return await this.#page(jid, { id }, PAGE);
    } catch (error) {
      if (!(error instanceof StanzaError && isUnknownItem(error))) throw error;
      return this.#page(jid, { at: at ?? new Date(0) }, PAGE);
    }
  }

  #page(jid: string, from: { id: string } | { at: Date } | undefined, most: number) {
    const { session, signal } = this.#options;
    return readArchive(session, { with: jid, from, most }, { signal, timeout: ANSWER_MS });
  }

  /** Has the links fetched that are in the messages. Resolves to what resolves when each is done. */
  async #take(messages: readonly Archived[]): Promise<Promise<void>[]> {
    const settled: Promise<void>[] = [];
    for (const { message } of messages) {
      for (const told of message ? readLinks(message) : []) {
        const peer = message?.attrs.from ?? '';
        settled.push((await this.#add({ peer, told })).settled);
      }
    }
    return settled;
  }

  /** Waits for room, which there is when others are done. */
  async #add(link: Link): Promise<{ settled: Promise<void> }> {
    const { fetches, clock, signal } = this.#options;
    for (;;) {
      const added = fetches.add(link, { isOld: true });
      if (added) return added;
      await clock.sleep(FULL_MS, signal);
    }
  }

  async #mark(jid: string, mark: ArchiveMark): Promise<void> {
    const { marks, report } = this.#options;
    await marks.write(this.#account, jid, mark).catch(({ message }: Error) => {
      const text = `links of ${jid} may be asked for again: what was done is not remembered (${message})`;
      report({ event: 'warning', text });
    });
  }
}

const NO_ARCHIVE = {
  event: 'note',
  text: 'the server keeps no archive (XEP-0313): links that come while nobody is online here are not fetched',
} as const;
