/** Bytes; each server takes stanzas of that size (RFC 6120 §13.12: 10,000 bytes at least). */
export const SAFE_BLOCK_SIZE = 4096;

/** What is left at the end goes with the block before it, if it is no more than this share of that one. */
export const SHORT_REST = 1 / 8;

/** Bytes; a block of the safe size with the rest behind it, whose stanza has less than 10,000 bytes as well. */
export const SAFE_LAST_BLOCK = SAFE_BLOCK_SIZE * (1 + SHORT_REST);

/** Bytes; the stanza fits in 65,535, beyond which jabberd2 falls silent. */
export const LARGEST_AUTO_BLOCK = 48_000;

/** Below this a block is mostly XML. */
export const MIN_BLOCK_SIZE = 512;

/** Prosody reads so many bytes at once, and sleeps before it reads on in a TLS record that has more of them. */
const RECORD_BYTES = 4096;

/** The sizes that blocks may have, in bytes. */
export interface BlockSizes {
  /** To choose from, smallest first. */
  readonly sizes: readonly number[];
  /** Where the rate is so low that the smallest of them takes too long. */
  readonly least: number;
}

/** `--block-size <n>`. */
export const oneSize = (size: number): BlockSizes => ({ sizes: [size], least: size });

/**
 * `--block-size auto`: first a size that each server takes, and then those whose stanzas just fill records. `agreed`:
 * the largest that may be. `frame`: bytes of a stanza beside its base64.
 */
export function autoSizes(agreed: number, frame: number): BlockSizes {
  const first = Math.min(agreed, SAFE_BLOCK_SIZE);
  const largest = Math.min(agreed, LARGEST_AUTO_BLOCK);
  const fill = (records: number) => 3 * Math.floor((records * RECORD_BYTES - frame) / 4);
  const most = Math.floor(((largest * 4) / 3 + frame) / RECORD_BYTES);
  const fit = [2, 4, most].map(fill).filter((size) => size > first && size <= largest);
  const sizes = [...new Set([first, ...fit])].sort((one, other) => one - other);
  return { sizes, least: Math.min(agreed, MIN_BLOCK_SIZE) };
}
