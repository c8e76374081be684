/** A blob in the cache, or, apart from it, one that was published here. */
export interface ListedBlob {
  published: boolean;
  cid: string;
  type: string;
  /** Bytes. */
  size: number;
  /** When it ends; `undefined`: never. */
  expires?: Date | undefined;
  /** JID that it came from. */
  peer?: string | undefined;
}

/** The blobs on this machine, to be looked through. */
export interface BlobCache {
  /** The published blobs, then the fetched ones; oldest first. */
  list(): Promise<ListedBlob[]>;
  /** Removes what is expired or damaged, and of those fetched what is beyond the limits. Resolves to how many these were. */
  prune(): Promise<number>;
}
