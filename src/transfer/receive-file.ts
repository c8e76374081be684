import { createHash } from 'node:crypto';
import type { Bytestream } from '../protocol/ibb/bytestream.js';
import type { Inbox } from './inbox.js';

export interface ReceivedFile {
  /** Absolute. */
  path: string;
  /** Bytes. */
  size: number;
  /** Lower-case hex. */
  sha256: string;
}

/**
 * Writes what a bytestream brings to the inbox. The sender hears that its file arrived when the name is
 * there, and not before. Rejects, with nothing left behind, when the bytestream or the disk fails.
 */
export async function receiveFile(
  stream: Bytestream,
  inbox: Inbox,
  name: string,
  onProgress: (bytes: number) => void,
): Promise<ReceivedFile> {
  // The end of what comes in must not acknowledge the close: that is for after the publishing.
  stream.allowHalfOpen = true;
  const partial = await inbox.createPartial().catch((error) => breakOff(stream, error));
  try {
    const hash = createHash('sha256');
    for await (const bytes of stream.iterator({ destroyOnReturn: false })) {
      await partial.write(bytes);
      hash.update(bytes);
      onProgress(stream.bytesReceived);
    }
    const path = await partial.publish(name);
    // The file is there, whatever becomes of the answer.
    await new Promise((answered) => stream.end(answered));
    return { path, size: stream.bytesReceived, sha256: hash.digest('hex') };
  } catch (error) {
    // The first error is the one to tell of; what is left is under a name that nobody sees.
    await partial.discard().catch(() => undefined);
    return breakOff(stream, error as Error);
  }
}

function breakOff(stream: Bytestream, error: Error): never {
  stream.on('error', () => undefined); // it is ours, and thrown below
  stream.destroy(error);
  throw error;
}

/** A bare bytestream says nothing of its file: sender and time must do. */
export function nameForUnnamed(peer: string, now: Date): string {
  const [bare = peer] = peer.split('/');
  return `${bare} ${now.toISOString().slice(0, 19).replaceAll(':', '-')}`;
}
