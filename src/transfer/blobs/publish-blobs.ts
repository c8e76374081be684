import { createBlob, type SetBlobOptions } from '../../protocol/bob/blob-store.js';
import { MAX_BLOB_BYTES } from '../../protocol/bob/stanzas.js';
import type { Report } from '../events.js';
import type { Registry } from '../registry.js';

/** No blob is larger. */
export const MAX_BYTES = MAX_BLOB_BYTES;

/** XEP-0231 §2.1: blobs should not be larger. */
const RECOMMENDED_BYTES = 8 * 1024;

export interface NewBlob {
  /** What the user calls it. */
  name: string;
  bytes: Uint8Array;
  /** Media type. */
  type: string;
}

interface PublishOptions extends Pick<SetBlobOptions, 'hash' | 'maxAge'> {
  registry: Registry;
  report: Report;
}

/** Stores the blobs to be given out, and returns their cids. Nothing is stored if one is unfit (`MalformedBlob`). */
export async function publishBlobs(
  files: readonly NewBlob[],
  { registry, report, ...options }: PublishOptions,
): Promise<string[]> {
  const blobs = files.map(({ bytes, type }) => createBlob(bytes, type, options));
  for (const { name, bytes } of files) {
    if (bytes.length <= RECOMMENDED_BYTES) continue;
    const text = `${name} has ${bytes.length} bytes; many programs take blobs up to ${RECOMMENDED_BYTES} only`;
    report({ event: 'warning', text });
  }
  for (const blob of blobs) {
    const { cid, type, bytes } = blob;
    await registry.run('bob', 'set_bob', { args: blob });
    report({ event: 'blob', cid, type, size: bytes.length });
  }
  return blobs.map(({ cid }) => cid);
}
