// What Node would decide by defaults of its own, which flags and variables can change.

/** How long each address of a host may take while there is another one. Node's 250 ms are too few for some links. */
const ADDRESS_MS = 2_500;

/** For a TCP connection to a host with several addresses (RFC 8305). */
export const EACH_ADDRESS = {
  autoSelectFamily: true,
  autoSelectFamilyAttemptTimeout: ADDRESS_MS,
} as const;

/** For the answer to a request by HTTP: at most 16 KiB of header, and nothing in it that HTTP forbids. */
export const STRICT_HTTP = { maxHeaderSize: 16 * 1024, insecureHTTPParser: false } as const;
