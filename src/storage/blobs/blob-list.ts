import type { ContentId } from '../../protocol/bob/content-id.js';
import type { ListedBlob } from '../../transfer/blobs/blob-cache.js';
import type { BlobEntry, BlobFolder } from './blob-folder.js';

/** All blobs of both folders, those published first. */
export async function listBlobs(
  published: BlobFolder,
  cached: BlobFolder,
  format: (id: ContentId) => string,
): Promise<ListedBlob[]> {
  const listed = (entries: BlobEntry[], mark: boolean) =>
    entries.map((entry) => toListed(entry, mark, format(entry.id)));
  return [...listed(await published.list(), true), ...listed(await cached.list(), false)];
}

/** `undefined` where it never does: a max-age may lead beyond all dates. */
function expiryOf({ maxAge, storedAt }: BlobEntry): Date | undefined {
  const expires = maxAge ? new Date(storedAt.getTime() + maxAge * 1000) : undefined;
  return expires && Number.isFinite(expires.getTime()) ? expires : undefined;
}

function toListed(entry: BlobEntry, published: boolean, cid: string): ListedBlob {
  const { type, size, from } = entry;
  return { published, cid, type, size, expires: expiryOf(entry), peer: from };
}
