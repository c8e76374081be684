import { blobFolders } from './folders.js';
import { digest, formatContentId, parseContentId } from './protocol/bob/content-id.js';
import { registerBlobs } from './protocol/bob/memory-blobs.js';
import { HandlerRegistry } from './protocol/handler-registry.js';
import { BlobFolder } from './storage/blobs/blob-folder.js';
import { blobHandlers } from './storage/blobs/blob-handlers.js';
import { listBlobs } from './storage/blobs/blob-list.js';
import type { BlobCache } from './transfer/blobs/blob-cache.js';

/** The limit of the cache of fetched blobs. */
const CACHE_LIMITS = { bytes: 100_000_000, entries: 10_000 };

/** A registry whose storage operations keep blobs on disk by default. */
export function createRegistry(): HandlerRegistry {
  const { published, cached } = openFolders();
  return registerBlobs(new HandlerRegistry(), blobHandlers(published, cached, parseContentId));
}

export function openCache(): BlobCache {
  const { published, cached } = openFolders();
  return {
    list: () => listBlobs(published, cached, formatContentId),
    prune: async () => (await published.prune()) + (await cached.prune()),
  };
}

function openFolders() {
  const options = { digest, now: () => Date.now() };
  const folders = blobFolders(process.env);
  return {
    published: new BlobFolder(folders.published, options),
    cached: new BlobFolder(folders.cached, { ...options, limits: CACHE_LIMITS }),
  };
}
