import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { announcedSid, frameOf } from '../../../src/protocol/ibb/stanzas.js';
import { xml } from '../../../src/session/xml.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';
import { eventsOf, hashOfFile, outcomeOf, prepareStageOn, writeRandom } from '../stage.js';

/** As long as those that are sent. */
const ID = 'x'.repeat(22);

/** Bytes of the largest of the first ten blocks whose stanza has no more than so many. */
function fitting(stanzaBytes: number): number {
  const around = (block: ReturnType<typeof xml>) =>
    xml('iq', { type: 'set', to: 'bob@localhost/inband', id: ID }, block);
  // It is counted with a seq of five digits.
  const frame = frameOf(announcedSid(), around) - 4;
  return 3 * Math.floor((stanzaBytes - frame) / 4);
}

interface Edge {
  start(stanzaBytes?: number): Promise<TestServer>;
  /** Bytes that come with a block, and count as the block's. */
  beside: number;
  /** Bytes beyond the limit that pass. */
  slack: number;
}

const SERVERS: [string, Edge][] = [
  [
    'Prosody',
    {
      start: (bytes) => startProsody(bytes ? { config: `c2s_stanza_size_limit = ${bytes}` } : {}),
      beside: 0,
      // It looks at what is left of a stanza after each read, of 8192 bytes at most: the last read is never held to it.
      slack: 8192,
    },
  ],
  [
    'ejabberd',
    {
      start: (maxStanzaSize) => startEjabberd(maxStanzaSize ? { maxStanzaSize } : {}),
      // It counts what it reads at once: answers, and white space.
      beside: 500,
      slack: 0,
    },
  ],
];

describe.each(HAS_PEERS ? SERVERS : SERVERS.slice(0, 1))('%s', (_, { start, beside, slack }) => {
  /** Sends ten blocks; what was said of it, and in which blocks the last ones went. */
  async function sentIn(
    stage: ReturnType<typeof prepareStageOn>,
    blockSize: number | 'auto',
    window: number | 'auto' = 'auto',
  ) {
    const file = join(stage.folder(), 'letter');
    const bytes = 10 * (blockSize === 'auto' ? 4096 : blockSize);
    const hash = await writeRandom(file, bytes);
    const receiving = await stage.receive('bob', ['--once']);
    const blocks = ['--block-size', String(blockSize), '--window', String(window)];
    const clear = ['--encrypt', 'off']; // blocks of the file's own bytes
    const args = [
      'send',
      '--json',
      ...clear,
      ...blocks,
      '--retry-for',
      '60',
      file,
      'bob@localhost',
    ];
    const sent = await outcomeOf(stage.inband('alice', args));
    expect(sent).toMatchObject({ code: 0 });
    expect(await outcomeOf(receiving)).toMatchObject({ code: 0 });
    expect(await hashOfFile(join(receiving.folder, 'letter'))).toBe(hash);
    const done = eventsOf(sent.stdout).find(({ event }) => event === 'done');
    return { stderr: sent.stderr, blockSize: done?.blockSize };
  }

  describe.each([10_000, 20_000])('that takes stanzas of %i bytes', (limit) => {
    const stage = prepareStageOn(() => start(limit));

    // One at a time, for the same reason.
    test('takes blocks that just fit (R273)', async () => {
      const size = fitting(limit - beside);
      expect(await sentIn(stage, size, 1)).toEqual({ stderr: '', blockSize: size });
    });

    test('gets smaller blocks where they do not (R273)', async () => {
      const size = fitting(limit + slack) + 3;
      const { stderr, blockSize } = await sentIn(stage, size);
      expect(stderr).toContain(`nothing arrived in blocks of ${size} bytes`);
      expect(blockSize).toBe(4096);
    });

    test('gets a file in blocks that we choose (R273, R277)', async () => {
      expect(await sentIn(stage, 'auto')).toHaveProperty('blockSize');
    });
  });

  describe('as shipped', () => {
    const stage = prepareStageOn(() => start());

    test('takes the largest blocks that there are (R273)', async () => {
      expect(await sentIn(stage, 65_535)).toEqual({ stderr: '', blockSize: 65_535 });
    });
  });
});
