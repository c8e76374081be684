import { basename, join } from 'node:path';
import type { NewRecord } from '../../transfer/receiving/inbox.js';
import type { Files } from '../files.js';
import type { InboxLedger } from '../ledger/ledger-on-disk.js';
import type { MadeFolders } from '../naming/made-folders.js';
import type { Entered } from '../naming/make-folder.js';
import { placeFile } from '../naming/place-file.js';
import { OpenFolder } from '../open-folder.js';
import { ArrivingFile } from './arriving-file.js';
import { type PartFile, PartialRemoved } from './part-file.js';

interface Inbox {
  files: Files;
  inbox: string;
  ledger: InboxLedger;
  folders: MadeFolders;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Gives a partial that is on the disk its name in the inbox, or in a folder below it. */
export class NamePartial {
  readonly #file: PartFile;
  readonly #inbox: Inbox;
  readonly #record: NewRecord | undefined;
  readonly #arrival: ArrivingFile | undefined;

  constructor(file: PartFile, record: NewRecord | undefined, inbox: Inbox) {
    this.#file = file;
    this.#inbox = inbox;
    this.#record = record;
    this.#arrival = record && new ArrivingFile(file, record, inbox);
  }

  /** Resolves to the absolute path when the name is durable; `onNamed`: when it is there. */
  async name(name: string, onNamed: () => void): Promise<string> {
    const record = this.#record;
    const above = record?.offered.slice(0, -1) ?? [];
    const work = (entered: Entered) => this.#nameIn(entered, name, onNamed);
    if (record && above.length > 0) return this.#inbox.folders.within(record, above, work);
    const entered = await this.#root();
    return work(entered).finally(() => entered.folder.close());
  }

  async #nameIn(entered: Entered, name: string, onNamed: () => void): Promise<string> {
    try {
      const path = await this.#name(name, entered);
      onNamed();
      await entered.folder.sync();
      await entered.folder.check();
      return path;
    } catch (error) {
      throw entered.folder.explained(error as Error);
    }
  }

  /** Its other name is gone: its record is as it stays. */
  async complete(): Promise<void> {
    await this.#arrival?.complete();
  }

  async #root(): Promise<Entered> {
    const { files, inbox } = this.#inbox;
    const folder = await OpenFolder.open(files, inbox, { mayFollow: true });
    if (!folder) throw new PartialRemoved(this.#file.path);
    return { folder, path: '' };
  }

  async #name(name: string, { folder, path }: Entered): Promise<string> {
    const { files, inbox } = this.#inbox;
    const arrival = this.#arrival;
    const below = (free: string) => join(path, free);
    const beforeName = arrival && ((free: string) => arrival.intend(below(free)));
    const beforePlaceholder = (free: string) => this.#file.checkpoint(below(free));
    const options = { files, beforeName, beforePlaceholder };
    try {
      const place = () => placeFile(this.#file.path, folder.at('.'), name, options);
      return join(inbox, below(basename(await this.#file.name(place))));
    } catch (error) {
      await arrival?.withdraw().catch(() => undefined); // the first error tells more
      // Where the partial has gone, the system says the same as where the folder has.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') await this.#file.mustBeThere();
      throw error;
    }
  }
}
