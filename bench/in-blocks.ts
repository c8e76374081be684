import type { InBlocks } from '../src/protocol/channel.js';

/** What `--json` says of a file that was sent; nothing where it is another version's, which does not tell. */
export function inBlocksOf(stdout: string): InBlocks | undefined {
  const [done = '{}'] = /^\{"event":"done".*$/m.exec(stdout) ?? [];
  const { blockSize, window } = JSON.parse(done) as Partial<InBlocks>;
  return blockSize === undefined || window === undefined ? undefined : { blockSize, window };
}

/** What each run had in the end: with `auto`, what it chose. */
export function describeInBlocks(results: { inBlocks?: InBlocks | undefined }[]): string {
  const told = results.flatMap(({ inBlocks }) =>
    inBlocks ? `${inBlocks.blockSize} × ${inBlocks.window}` : [],
  );
  return told.length > 0 ? [...new Set(told)].join(' · ') : '–';
}
