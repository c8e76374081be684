import { randomUUID } from 'node:crypto';
import { constants, type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Inbox, PartialFile } from '../transfer/inbox.js';
import { placeFile } from './place-file.js';
import { safeName } from './safe-name.js';

/** Holds the partials; on the inbox's own file system, so that publishing is one `link`. */
const STAGING = '.inband';

/** Makes the folder if absent. Rejects when `.inband` in it is not a directory of our own. */
export async function openInbox(directory: string): Promise<Inbox> {
  const root = resolve(directory);
  const staging = join(root, STAGING);
  await mkdir(root, { recursive: true });
  await makePrivateDirectory(staging);
  return {
    createPartial: async () => {
      const path = join(staging, `${randomUUID()}.part`);
      return new Partial(path, root, await createFile(path));
    },
  };
}

class Partial implements PartialFile {
  readonly #path: string;
  readonly #inbox: string;
  readonly #handle: FileHandle;
  #size = 0;

  constructor(path: string, inbox: string, handle: FileHandle) {
    this.#path = path;
    this.#inbox = inbox;
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let position = this.#size;
    // Taken before the first await: a write that starts before this one ends goes after it.
    this.#size += bytes.length;
    for (let rest = bytes; rest.length > 0; ) {
      const { bytesWritten } = await this.#handle.write(rest, 0, rest.length, position);
      position += bytesWritten;
      rest = rest.subarray(bytesWritten);
    }
  }

  async publish(name: string): Promise<string> {
    await this.#handle.sync();
    await this.#handle.close();
    const path = await placeFile(this.#path, this.#inbox, safeName(name));
    await syncDirectory(this.#inbox);
    return path;
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }
}

async function createFile(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/** Makes or takes over a directory, mode 0700; follows no symlink, for another user may have put one there. */
async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const handle = await open(path, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await handle.chmod(0o700);
  } finally {
    await handle.close();
  }
}

/** Makes a new name in the directory survive a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
