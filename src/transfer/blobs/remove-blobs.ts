import { NoSuchBlob } from '../../protocol/bob/bits-of-binary.js';
import { deleteBlob } from '../../protocol/bob/blob-store.js';
import { readContentId } from '../../protocol/bob/content-id.js';
import { withHints } from '../../session/hints.js';
import type { Report } from '../events.js';
import type { Registry } from '../registry.js';

/**
 * Removes published and fetched blobs. Rejects with `MalformedBlob`, before any is removed, for what is no cid; with
 * `NoSuchBlob` for those that are not there, after the others are removed.
 */
export async function removeBlobs(
  cids: string[],
  registry: Registry,
  report: Report,
): Promise<void> {
  const absent: string[] = [];
  for (const cid of cids.map(readContentId)) {
    if (await deleteBlob(registry, cid)) report({ event: 'notice', text: `removed ${cid}` });
    else absent.push(cid);
  }
  if (absent.length > 0)
    throw withHints(new NoSuchBlob(`not there: ${absent.join(', ')}`), 'inband cache list');
}
