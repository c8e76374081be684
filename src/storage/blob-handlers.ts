import type { BitOfBinary } from '../protocol/bob/bit-of-binary.js';
import type { ContentId } from '../protocol/bob/content-id.js';
import type { Handler } from '../protocol/handler-registry.js';
import type { BlobFolder } from './blob-folder.js';

/** Default handlers of the registry's `bob` operations. */
export interface BlobHandlers {
  get_bob: Handler<string, BitOfBinary | undefined>;
  set_bob: Handler<BitOfBinary, void>;
  del_bob: Handler<string, void>;
}

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
      return blob && { ...blob, cid };
    },
    set_bob: async (_jid, _node, from, { cid, ...blob }) => {
      const id = parse(cid);
      if (id) await (from ? cached : published).put(id, blob, from);
    },
    del_bob: async (_jid, _node, _from, cid) => {
      const id = parse(cid);
      if (!id) return;
      await published.delete(id);
      await cached.delete(id);
    },
  };
}
