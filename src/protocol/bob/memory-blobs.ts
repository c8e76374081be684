import { type Handler, HandlerRegistry } from '../handler-registry.js';
import type { BitOfBinary } from './bit-of-binary.js';

/**
 * The three operations that keep blobs, of type `bob`. `jid` is our own JID, where we are online, and `node` nothing. A cid
 * is in its one spelling: lower case, without `cid:`.
 */
export interface BlobHandlers {
  /** `args`: the cid; results in the blob or nothing. `from`: who asks for it, nobody for a look of our own. */
  get_bob: Handler<string, BitOfBinary | undefined>;
  /** `args`: the blob. `from`: who it came from, nobody for one of our own. */
  set_bob: Handler<BitOfBinary, void>;
  /** `args`: the cid; results in whether there was one. */
  del_bob: Handler<string, boolean>;
}

/** Fetched blobs that are kept, 64 KiB each at the most. The oldest go first. */
const MAX_FETCHED = 200;

interface Kept {
  blob: BitOfBinary;
  /** Milliseconds of `now`; infinite where it has no end. */
  until: number;
}

/** Blobs in memory, for as long as the program runs: those of our own, and apart from them those fetched. */
export function memoryBlobs(now: () => number = () => performance.now()): BlobHandlers {
  const own = new Map<string, Kept>();
  const fetched = new Map<string, Kept>();
  const alive = (kept: Kept | undefined) => (kept && now() < kept.until ? kept.blob : undefined);
  // A max-age of 0 forbids others to keep a blob of ours, which stays here. A fetched one with 0 is not kept.
  const end = ({ maxAge }: BitOfBinary) => now() + (maxAge || Number.POSITIVE_INFINITY) * 1000;
  return {
    get_bob: (_jid, _node, from, cid) =>
      // A fetched blob is given to nobody: it would tell what was fetched.
      alive(own.get(cid)) ?? (from ? undefined : alive(fetched.get(cid))),
    set_bob: (_jid, _node, from, blob) => {
      if (!from) {
        own.set(blob.cid, { blob, until: end(blob) });
      } else if (blob.maxAge !== 0) {
        fetched.delete(blob.cid); // so that it becomes the newest
        fetched.set(blob.cid, { blob, until: end(blob) });
        const [oldest] = fetched.keys();
        if (fetched.size > MAX_FETCHED && oldest) fetched.delete(oldest);
      }
    },
    del_bob: (_jid, _node, _from, cid) => {
      const wasOwn = own.delete(cid);
      return fetched.delete(cid) || wasOwn;
    },
  };
}

/** Makes them the handlers that run where a program registers no others. */
export function registerBlobs(registry: HandlerRegistry, handlers: BlobHandlers): HandlerRegistry {
  registry.registerDefault(handlers.get_bob, 'bob', 'get_bob');
  registry.registerDefault(handlers.set_bob, 'bob', 'set_bob');
  registry.registerDefault(handlers.del_bob, 'bob', 'del_bob');
  return registry;
}

export const memoryRegistry = (): HandlerRegistry =>
  registerBlobs(new HandlerRegistry(), memoryBlobs());
