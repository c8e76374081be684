/** What a sender says of a file before its bytes. All of it is a peer's word. */
export interface FileOffer {
  /** As offered: not yet fit for a path or a terminal. */
  name: string;
  /** Bytes. */
  size?: number;
  date?: Date;
  mediaType?: string;
  description?: string;
  /** Digests by the XEP-0300 name of their algorithm. */
  hashes?: ReadonlyMap<string, Buffer>;
}
