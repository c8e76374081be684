import { join, resolve } from 'node:path';
import type { ArchiveMark, ArchiveMarks } from '../../transfer/links/archive-marks.js';
import { inTurn } from '../in-turn.js';
import { readOwn, writeOwn } from '../own-file.js';
import { isCount, matches, parseObject, parseTime } from '../untrusted.js';

const VERSION = 1;
const MAX_BYTES = 16 * 1024 * 1024;
/** Marks that are kept, over all accounts: the last ones. */
const MOST = 10_000;

const ID = /^[^\0]{1,256}$/su;

/**
 * Keeps marks in a file beside the ledger of an inbox that is locked. What is damaged is as none: then everything from
 * now on is read.
 */
export class ArchiveMarksOnDisk implements ArchiveMarks {
  readonly #path: string;
  readonly #inTurn = inTurn();
  #known: Promise<Map<string, ArchiveMark>> | undefined;

  constructor(inbox: string) {
    this.#path = join(resolve(inbox), '.inband', 'links');
  }

  async read(account: string, jid: string): Promise<ArchiveMark | undefined> {
    return (await this.#all()).get(keyOf(account, jid));
  }

  async write(account: string, jid: string, mark: ArchiveMark): Promise<void> {
    await this.#inTurn(async () => {
      const all = await this.#all();
      const key = keyOf(account, jid);
      const before = all.get(key);
      if (before && before.id === mark.id) return;
      // What was written last stands last.
      all.delete(key);
      all.set(key, mark);
      for (const oldest of all.keys()) {
        if (all.size <= MOST) break;
        all.delete(oldest);
      }
      await writeOwn(this.#path, textOf(all));
    });
  }

  #all(): Promise<Map<string, ArchiveMark>> {
    this.#known ??= readMarks(this.#path).catch((error) => {
      // What cannot be read now may be in a while.
      this.#known = undefined;
      throw error;
    });
    return this.#known;
  }
}

/** No JID has a space before its resource. */
const keyOf = (account: string, jid: string): string => `${account} ${jid}`;

async function readMarks(path: string): Promise<Map<string, ArchiveMark>> {
  const bytes = await readOwn(path, { most: MAX_BYTES, what: 'list of links' });
  const { inband, version, marks } = parseObject(bytes?.toString('utf8') ?? '');
  if (inband !== 'links' || !isCount(version) || version !== VERSION) return new Map();
  const read = Object.entries(Object(marks)).flatMap(([key, value]) => {
    const mark = readMark(Object(value));
    return mark ? [[key, mark] as const] : [];
  });
  return new Map(read);
}

function readMark({ id, at }: Record<string, unknown>): ArchiveMark | undefined {
  const time = parseTime(at);
  if (id !== undefined && !matches(id, ID)) return undefined;
  return { ...(id === undefined ? {} : { id }), ...(time ? { at: time } : {}) };
}

const textOf = (marks: ReadonlyMap<string, ArchiveMark>): string =>
  `${JSON.stringify({ inband: 'links', version: VERSION, marks: Object.fromEntries(marks) })}\n`;
