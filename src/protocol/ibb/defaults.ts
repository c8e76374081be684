/**
 * How a bytestream goes unless told otherwise: see `BytestreamSettings`. Imports nothing, so that `--help` can show it.
 */
export const TRANSFER_DEFAULTS = {
  blockSize: 'auto',
  window: 'auto',
  stanza: 'auto',
  maxRetries: 5,
  initialWait: 1,
  waitFactor: 1.2,
} as const;
