import type { ContentId } from '../../protocol/bob/content-id.js';
import type { BlobHandlers } from '../../protocol/bob/memory-blobs.js';
import type { BlobFolder } from './blob-folder.js';

/**
 * Blobs on disk: those published live apart from those fetched, and only they are given out. What is
 * in the cache is for the account itself: to others it would tell what was fetched.
 */
export function blobHandlers(
  published: BlobFolder,
  cached: BlobFolder,
  parse: (cid: string) => ContentId | undefined,
): BlobHandlers {
  return {
    get_bob: async (_jid, _node, from, cid) => {
      const id = parse(cid);
      const blob = id && ((await published.get(id)) ?? (from ? undefined : await cached.get(id)));
      if (!blob) return undefined;
      const { type, maxAge, bytes } = blob;
      return { cid, type, bytes, ...(maxAge === undefined ? {} : { maxAge }) };
    },
    set_bob: async (_jid, _node, from, { cid, ...blob }) => {
      const id = parse(cid);
      if (!id) throw new RangeError(`${cid} has no hash by which it could be kept on disk`);
      await (from ? cached : published).put(id, blob, from);
    },
    del_bob: async (_jid, _node, _from, cid) => {
      const id = parse(cid);
      if (!id) return false;
      const removed = [await published.delete(id), await cached.delete(id)];
      return removed.includes(true);
    },
  };
}
