/** A blob as XEP-0231 §2.1 describes it. */
export interface BitOfBinary {
  /** `algo+hash@bob.xmpp.org`, lower case. */
  cid: string;
  /** Media type. */
  type: string;
  /** Seconds that a cache may keep it (§2.1); 0: not at all; `undefined`: as long as it likes. */
  maxAge?: number | undefined;
  /** At most 65,536. */
  bytes: Uint8Array;
  /** The cid has no hash that we can check, so that its sender may have called any bytes by it. */
  unverified?: true | undefined;
}
