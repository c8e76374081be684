import { afterEach } from '@jest/globals';
import type { PartialFile } from '../../src/transfer/receiving/inbox.js';

/**
 * Ends the partials that it is given behind each test, so that no file stays open. To be called once, above what removes
 * the folders.
 */
export function endedPartials(): (partial: Promise<PartialFile>) => Promise<PartialFile> {
  const partials: PartialFile[] = [];
  afterEach(async () => {
    // Where a test has put something else in the place of the folder, the file is closed, and cannot be removed.
    await Promise.allSettled(partials.splice(0).map((partial) => partial.discard()));
  });
  return async (opening) => {
    const partial = await opening;
    partials.push(partial);
    return partial;
  };
}
