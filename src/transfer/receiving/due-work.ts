import { type Clock, systemClock } from '../../session/clock.js';
import type { Report } from '../events.js';
import type { Inbox } from './inbox.js';
import type { FileRecord, ProgramRun, Work } from './ledger.js';
import type { Arrival } from './reception.js';

export interface DoingOptions {
  /** It may have been done before, in whole or in part. */
  isAgain: boolean;
  /** Hears which process does it. */
  onStarted(pid: number): void;
}

/** A file for which something is to be done. */
export interface FileToDo extends Omit<Arrival, 'sha256'> {
  /** Absent where it was changed since it arrived: nobody knows it of what lies there now. */
  sha256?: string | undefined;
}

/**
 * Does what is to be done for a file. Resolves to false if it was left to itself, so that nobody knows what becomes of
 * it; rejects when it failed.
 */
export type DoWork = (file: FileToDo, options: DoingOptions) => Promise<boolean>;

/** For how many files it was done, and for how many it failed. */
interface Made {
  done: number;
  failed: number;
}

interface DueWorkOptions {
  inbox: Inbox;
  /** Absent: nothing is to be done for the files that arrive now, and what is due stays so. */
  doWork?: DoWork | undefined;
  /** Says when a process started; `undefined`: there is none. */
  startOf(pid: number): Promise<string | undefined>;
  report: Report;
}

/** How often it is looked whether somebody asks for something, and whether a program has ended. */
const LOOK_MS = 1_000;

/**
 * What is to be done for files that arrived: at least once for each, whoever was killed when. The ledger says that
 * something is due, and never what: that is what this start of the program does.
 */
export class DueWork {
  readonly #options: DueWorkOptions;
  readonly #clock: Clock;
  /** The ids of the records for which it is being done. */
  readonly #underWay = new Set<string>();

  constructor(options: DueWorkOptions, clock = systemClock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Something is to be done for each file that arrives now. */
  get isWanted(): boolean {
    return this.#options.doWork !== undefined;
  }

  /** Does it for a file that has just arrived. */
  async doFor(arrival: Arrival): Promise<void> {
    if (this.isWanted) await this.#do(arrival, false);
  }

  /**
   * Does what was due when an earlier process ended, one after the other; then what failed, each time that somebody
   * asks for that. Resolves when the signal aborts, and what was begun is over.
   */
  async makeUp(signal: AbortSignal): Promise<void> {
    await this.doDue(signal);
    // A request that an earlier process has taken was for what is over now.
    await this.#endRequest(signal);
    while (!signal.aborted) {
      await this.#clock.sleep(LOOK_MS, signal).catch(() => undefined); // the loop ends by itself
      if (signal.aborted || !(await this.#orWarn(this.#options.inbox.takeRequest()))) continue;
      await this.redoFailed(signal);
      await this.#endRequest(signal);
    }
  }

  /** Does what has failed once more, and what is due. Each failure is told. */
  async redoFailed(signal: AbortSignal): Promise<Made> {
    const { ledger } = this.#options.inbox;
    for (const { id, work } of [...ledger.records()]) {
      if (work?.state === 'failed') await ledger.change(id, { work: { state: 'due' } });
    }
    return this.doDue(signal);
  }

  async doDue(signal: AbortSignal): Promise<Made> {
    const made: Made = { done: 0, failed: 0 };
    const due = [...this.#options.inbox.ledger.records()].filter((one) => this.#isDue(one));
    if (due.length > 0 && !this.isWanted) {
      const wait = due.length === 1 ? '1 file still waits' : `${due.length} files still wait`;
      this.#warn(`${wait} for --exec, which is not given; "inband received" lists them`);
      return made;
    }
    // A program that runs still should not hold up the others.
    const isRunning = ({ work }: FileRecord) => (work?.program ? 1 : 0);
    for (const record of due.sort((a, b) => isRunning(a) - isRunning(b))) {
      await this.#untilEnded(record.work?.program, signal);
      if (signal.aborted) break;
      try {
        if (await this.#redo(record)) made.done += 1;
      } catch (error) {
        made.failed += 1;
        this.#warn((error as Error).message);
      }
    }
    return made;
  }

  #isDue({ id, isArriving, work }: FileRecord): boolean {
    return work?.state === 'due' && !isArriving && !this.#underWay.has(id);
  }

  /** What a signal has cut off is done by the next process. */
  async #endRequest(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await this.#orWarn(this.#options.inbox.endRequest());
  }

  #orWarn<T>(answer: Promise<T>): Promise<T | undefined> {
    return answer.catch((error: Error) => void this.#warn(error.message));
  }

  async #untilEnded(program: ProgramRun | undefined, signal: AbortSignal): Promise<void> {
    if (!program) return;
    const runs = async () => (await this.#options.startOf(program.pid)) === program.start;
    while (!signal.aborted && (await runs())) {
      await this.#clock.sleep(LOOK_MS, signal).catch(() => undefined); // the loop ends by itself
    }
  }

  /** Resolves to whether it was done: not where the file has gone, or the program was left to itself. */
  async #redo(record: FileRecord): Promise<boolean> {
    const { id, peer, offered, sealedBy, trust } = record;
    const found = await this.#options.inbox.look(record);
    if (!found) {
      this.#warn(`${record.path} is not there any more: nothing is done for it`);
      await this.#become(id, { state: 'gone' });
      return false;
    }
    const { path, size, isUnchanged } = found;
    if (!isUnchanged)
      this.#warn(`${record.path} was changed since it arrived: --exec is told no hash of it`);
    const sha256 = isUnchanged ? record.sha256 : undefined;
    const facts = { recordId: id, peer, name: offered.join('/'), path, size, sha256 };
    return this.#do({ ...facts, sealedBy, trust }, true);
  }

  async #do(file: FileToDo, isAgain: boolean): Promise<boolean> {
    const { doWork } = this.#options;
    const { recordId } = file;
    let hasEnded = false;
    let noted: Promise<void> | undefined;
    const onStarted = (pid: number) => {
      noted = this.#note(recordId, pid, () => hasEnded);
    };
    const failed = async (error: Error) => {
      hasEnded = true;
      await this.#become(recordId, { state: 'failed' });
      throw error;
    };
    this.#underWay.add(recordId);
    try {
      const isOver = await doWork?.(file, { isAgain, onStarted }).catch(failed);
      if (!isOver) return false;
      hasEnded = true;
      await this.#become(recordId, { state: 'done' });
      return true;
    } finally {
      await noted;
      this.#underWay.delete(recordId);
    }
  }

  /** Once the program has ended, what became of it counts, and not that it was started. */
  async #note(id: string, pid: number, hasEnded: () => boolean): Promise<void> {
    try {
      const start = await this.#options.startOf(pid);
      if (start === undefined || hasEnded()) return;
      await this.#become(id, { state: 'due', program: { pid, start } });
    } catch (error) {
      this.#warn((error as Error).message);
    }
  }

  async #become(id: string, work: Work): Promise<void> {
    await this.#options.inbox.ledger.change(id, { work });
  }

  #warn(text: string): void {
    this.#options.report({ event: 'warning', text });
  }
}
