import * as fs from 'node:fs/promises';
import type { Files } from '../../src/storage/files.js';
import { type Call, fileError, type Tap, tappedFiles } from './tapped-files.js';

/** What is to become of the call of a number. */
export type Fault =
  /** From it on, no call is made or answered any more, and what was written and not synced is lost. */
  | 'power cut'
  /** It alone fails, with this code; a write leaves half of its bytes before. */
  | 'EIO'
  | 'ENOSPC';

/** A second way to a file that was opened to be written to, for when the power goes. */
interface Written {
  file: fs.FileHandle;
  /** Bytes. */
  written: number;
  synced: number;
}

const never = new Promise<never>(() => {});

/** A file system without hard links, if wanted, on which the n-th call meets a fault. Nothing is really synced: that takes time. */
export class FaultyDisk {
  readonly files: Files;
  /** Resolves when the power is cut. */
  readonly cut: Promise<void>;
  #calls = 0;
  #isCut = false;
  readonly #running = new Set<Promise<unknown>>();
  readonly #handles = new Set<fs.FileHandle>();
  readonly #written = new Map<fs.FileHandle, Written>();
  #onCut = () => {};

  constructor(
    readonly faultAt: number,
    readonly fault: Fault,
    hardLinks = true,
  ) {
    this.cut = new Promise((resolve) => {
      this.#onCut = resolve;
    });
    this.files = tappedFiles((call, run) =>
      this.#meetsFault(call, async () => {
        if (call.operation === 'link' && !hardLinks) throw fileError('EPERM');
        return await this.#follow(call, run);
      }),
    );
  }

  /** How many files are open. */
  get open(): number {
    return this.#handles.size;
  }

  /** Whether the call of that number came. */
  get wasFaulty(): boolean {
    return this.#calls >= this.faultAt;
  }

  /** Ends what goes on, as the end of the process would, and overwrites what was not synced. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#running);
    for (const { file, written, synced } of this.#written.values()) {
      if (this.#isCut && written > synced) {
        await file.write(Buffer.alloc(written - synced), 0, written - synced, synced);
      }
      await file.close();
    }
    for (const handle of this.#handles) await handle.close();
  }

  #meetsFault: Tap = (call, run) => {
    this.#calls += 1;
    if (this.#isCut) return never;
    if (this.#calls === this.faultAt) return this.#fail(call, run);
    const running = run();
    this.#running.add(running);
    return running.then(
      (result) => (this.#isCut ? never : result),
      (error) => (this.#isCut ? never : Promise.reject(error)),
    );
  };

  async #fail({ operation, args, handle }: Call, run: () => Promise<unknown>): Promise<unknown> {
    if (handle && operation === 'handle.write') {
      const [bytes, , length, position] = args as [Uint8Array, number, number, number];
      await handle.write(bytes, 0, Math.floor(length / 2), position);
    }
    if (this.fault === 'power cut') {
      this.#isCut = true;
      this.#onCut();
      return never;
    }
    // Even so the file is closed.
    if (operation === 'handle.close') await run();
    throw fileError(this.fault);
  }

  async #follow(call: Call, run: () => Promise<unknown>): Promise<unknown> {
    const { operation, args, handle } = call;
    const written = handle && this.#written.get(handle);
    if (operation.endsWith('sync')) {
      if (written) written.synced = written.written;
      return undefined;
    }
    const result = await run();
    if (operation === 'open') await this.#opened(result as fs.FileHandle, args);
    if (handle && operation === 'handle.close') this.#handles.delete(handle);
    if (written && operation === 'handle.write')
      written.written = (args[3] as number) + (args[2] as number);
    if (written && operation === 'handle.writeFile') written.written = String(args[0]).length;
    return result;
  }

  async #opened(handle: fs.FileHandle, [path]: unknown[]): Promise<void> {
    this.#handles.add(handle);
    const stats = await handle.stat();
    if (!stats.isFile()) return;
    const file = await fs.open(path as string, 'r+');
    this.#written.set(handle, { file, written: stats.size, synced: stats.size });
  }
}
