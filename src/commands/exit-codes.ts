/** What a script may decide by: docs/usage.md and the manual page show this table, and a test compares them. */
export const EXIT_CODES = {
  done: { code: 0, meaning: 'done' },
  unexpected: { code: 1, meaning: 'unexpected' },
  usage: { code: 2, meaning: 'usage or settings' },
  login: {
    code: 3,
    meaning: 'not authorized by the server, or replaced there by a login with the same resource',
  },
  noConnection: { code: 4, meaning: 'no connection, or the server not trusted' },
  unreachable: {
    code: 5,
    meaning: 'recipient not reachable, not accepting from you, or not answering in time',
  },
  refused: {
    code: 6,
    meaning: 'refused or limited by the recipient, or by the server for an upload',
  },
  brokenOff: { code: 7, meaning: 'broken off, or the recipient did not say that it has the file' },
  otherBytes: { code: 8, meaning: 'the bytes are not those of the cid, or of the file' },
  noBlob: {
    code: 9,
    meaning: 'no such blob, or nobody there who would give it out: strangers cannot tell',
  },
  local: { code: 10, meaning: 'local file or disk; another `receive` has the folder' },
  otherKey: {
    code: 11,
    meaning: 'the key is not one that is known to be theirs, or none is to be had',
  },
  outputLost: {
    code: 141,
    meaning: 'nobody reads the results any more, which is noticed when there is one',
  },
} as const;

export type Outcome = keyof typeof EXIT_CODES;

/** 128 and the number of the signal, as shells have it. */
export const SIGNAL_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** The whole table, in the order of the codes: what stands in the first column, and what it means. */
export function exitCodeRows(): [codes: string, meaning: string][] {
  const signals = Object.entries(SIGNAL_CODES);
  const rows = Object.values(EXIT_CODES).map(
    ({ code, meaning }) => [code, `${code}`, meaning] as const,
  );
  const names = signals.map(([name]) => name).join(', ');
  const interrupted = [
    SIGNAL_CODES.SIGHUP,
    signals.map(([, code]) => code).join(', '),
    `interrupted by ${names}; this is how \`receive\` ends without \`--once\``,
  ] as const;
  return [...rows, interrupted]
    .sort(([a], [b]) => a - b)
    .map(([, codes, meaning]) => [codes, meaning]);
}
