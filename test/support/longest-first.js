import { join, sep } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** Below `test/`: what takes most of a minute and more, much of it waiting; the longest first. */
export const LONGEST = [
  'e2e/broken/fault-schedules',
  'e2e/limits/many-files',
  'e2e/transfers/finding',
  'e2e/hostile/who-may',
  'e2e/clients/bytestreams',
  'e2e/broken/resume',
  'e2e/limits/stanza-edges',
  'e2e/transfers/wait-online',
  'e2e/limits/shaper',
  'e2e/networks/walled',
  'e2e/blobs/blobs',
  'e2e/hostile/attack',
  'e2e/broken/kills',
  'e2e/broken/failures',
  'commands/help/completion',
  'fuzz/fuzz',
];

const fileOf = (/** @type {string} */ name) => join(sep, `${name}.test.ts`);

/**
 * Starts what takes longest first, so that nothing is left to wait for at the end. Without the times of an earlier run, as
 * on a clean checkout, Jest goes by the sizes of the files, and some of the smallest take longest.
 */
export default class LongestFirst extends Sequencer {
  /**
   * @override
   * @param {Parameters<Sequencer['sort']>[0]} tests
   */
  async sort(tests) {
    const rank = (/** @type {string} */ path) => {
      const at = LONGEST.findIndex((name) => path.endsWith(fileOf(name)));
      return at < 0 ? LONGEST.length : at;
    };
    const sorted = await super.sort(tests);
    return sorted.sort((one, other) => rank(one.path) - rank(other.path));
  }
}
