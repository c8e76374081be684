import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KnownContacts } from '../transfer/people/known-contacts.js';
import { openOwn, writeOwn } from './own-file.js';

/** Milliseconds for which a list is as good as new. */
const FRESH_MS = 24 * 3600 * 1000;

/** Bytes of the file that are read, or written, at most. */
const MAX_BYTES = 256 * 1024;

/** Bare JIDs in a file of its owner's, one a line. What is damaged, or not there, is an empty list. */
export class ContactList implements KnownContacts {
  readonly #path: string;
  readonly #now: () => number;

  constructor(path: string, now = () => Date.now()) {
    this.#path = path;
    this.#now = now;
  }

  async list(): Promise<string[]> {
    const opened = await openOwn(this.#path).catch(() => undefined); // a folder, for example
    if (!opened) return [];
    const { handle } = opened;
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      const lines = buffer.toString('utf8', 0, bytesRead).split('\n').slice(0, -1);
      return lines.filter(isPlain);
    } catch {
      return []; // the disk fails
    } finally {
      await handle.close();
    }
  }

  async isOld(): Promise<boolean> {
    const stats = await stat(this.#path).catch(() => undefined);
    return !stats || Math.abs(this.#now() - stats.mtimeMs) >= FRESH_MS;
  }

  async keep(jids: readonly string[]): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const lines: string[] = [];
    let bytes = 0;
    for (const jid of jids.filter(isPlain)) {
      bytes += Buffer.byteLength(jid) + 1;
      if (bytes > MAX_BYTES) break;
      lines.push(`${jid}\n`);
    }
    await writeOwn(this.#path, lines.join(''));
  }
}

/** A line that a shell can offer: the server has chosen its characters. */
const isPlain = (jid: string): boolean => /^[^\s\p{C}]+$/u.test(jid);
