/** What is known of clients, by the first word of their name: seen (test/peers/README.md), or read in their sources. */
const REMARKS: readonly [name: RegExp, remark: string][] = [
  [
    /^dino$/i,
    'Dino (0.3 to 0.5.1, and in development in 2026-06) acknowledges all of a file that comes in the stream, and keeps nothing of it',
  ],
  [
    /^gajim$/i,
    'Gajim 1.7 fails over any file that is offered to it; since 2.0 it takes none in the stream',
  ],
  [
    /^(libpurple|pidgin|finch)$/i,
    'Pidgin may take 30 s to begin, and never says that it has the file',
  ],
  [
    /^conversations$/i,
    'Conversations prefers other ways to the stream; there its blocks have at most 8192 bytes',
  ],
  [/^psi$/i, 'Psi asks its user about each file; what it sends comes at one block in 50 ms'],
  [/^tkabber$/i, 'Tkabber asks its user about each file; what it sends comes at 1024 bytes in 2 s'],
];

/** Clients that say that they take files, acknowledge every byte, and keep none. */
const LOSING = new Set(['dino']);

/** `undefined` where nothing is known. */
export function remarkOn(client: string): string | undefined {
  return REMARKS.find(([pattern]) => pattern.test(firstWord(client)))?.[1];
}

/** Whether what is sent to it is lost, though it seems to arrive. */
export const losesFiles = (client: string): boolean => LOSING.has(firstWord(client).toLowerCase());

const firstWord = (client: string): string => client.split(/[^\p{L}]/u)[0] ?? '';
