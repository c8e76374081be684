/** The folder that received files land in, as `transfer` needs it. Errors are the file system's own. */
export interface Inbox {
  /** Starts a partial: a file still arriving, outside the inbox's view. */
  createPartial(): Promise<PartialFile>;
}

export interface PartialFile {
  /** Appends; resolves when all bytes are written. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Makes the bytes durable and visible in the inbox under `name`, or under the next free name
   * (`name (1).ext`), in one step that cannot replace anything. Returns the absolute path.
   */
  publish(name: string): Promise<string>;
  /** Removes the partial; harmless after `publish`. */
  discard(): Promise<void>;
}
