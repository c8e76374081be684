import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import type { BytestreamLink } from '../../../src/protocol/ibb/bytestream-link.js';
import { fixedWindow } from '../../../src/protocol/ibb/sending/window.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { pairOfBytestreams, pattern, readAll, watch } from './bytestreams.js';

/** Blocks that were under way at the same time, at most. */
function mostUnderWay(lines: string[]): number {
  let underWay = 0;
  let most = 0;
  for (const line of lines) {
    if (/^romeo: data \d+$/.test(line)) underWay += 1;
    if (/^juliet: data \d+ taken$/.test(line)) underWay -= 1;
    most = Math.max(most, underWay);
  }
  return most;
}

describe.each([[1], [8], ['auto' as const]])('bytes sent with a window of %s', (window) => {
  test('arrive whole, however they were written', async () => {
    const writes = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 });
    const sizes = fc.integer({ min: 1, max: 50 });
    await fc.assert(
      fc.asyncProperty(writes, sizes, async (chunks, blockSize) => {
        const { his, hers } = await pairOfBytestreams({ window, blockSize });
        const [received] = await Promise.all([
          readAll(hers),
          readAll(his),
          pipeline(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), his),
        ]);
        expect(received).toEqual(Buffer.concat(chunks));
      }),
      { numRuns: 60 },
    );
  });

  test.each([0, 1, 255, 256, 257, 511, 512, 513, 2560])(
    'arrive whole when they are %i',
    async (size) => {
      const { his, hers, wire } = await pairOfBytestreams({ window, blockSize: 256 });
      his.resume().end(pattern(size));
      expect(await readAll(hers)).toEqual(pattern(size));
      const blocks = Math.ceil(size / 256);
      const seqs = Array.from({ length: blocks }, (_, seq) => `romeo: data ${seq}`);
      expect(wire.find(/^romeo: data \d+$/)).toEqual(seqs);
      expect(wire.find(/refused/)).toEqual([]);
    },
  );

  test('arrive whole both ways at once', async () => {
    const { his, hers } = await pairOfBytestreams({ window, blockSize: 64 });
    his.end(pattern(2000));
    hers.end(pattern(3000).reverse());
    const [hisOwn, herOwn] = await Promise.all([readAll(hers), readAll(his)]);
    expect(hisOwn).toEqual(pattern(2000));
    expect(herOwn).toEqual(pattern(3000).reverse());
  });

  test('come back whole from an echo', async () => {
    const { his, hers } = await pairOfBytestreams({ window, blockSize: 64, halfOpen: true });
    his.end(pattern(3000));
    const [echoed] = await Promise.all([readAll(his), pipeline(hers, hers)]);
    expect(echoed).toEqual(pattern(3000));
  });
});

describe('blocks', () => {
  /** Two bytestreams joined directly: 65,536 blocks a direction through XML would take too long. */
  function joinedDirectly(options: { window: number; blockSize: number }) {
    const seqs: number[] = [];
    const end = (peer: string, other: () => Bytestream): Bytestream => {
      const link: BytestreamLink = {
        stanza: 'iq',
        sendData: async (seq, bytes) => {
          seqs.push(seq);
          await other().receiveData({ sid: 's1', seq, bytes });
        },
        spoil: (seq, bytes) => other().receiveData({ sid: 's1', seq, bytes }),
        sendClose: () => other().receiveClose(),
        findPeer: async () => 'there',
      };
      return new Bytestream(
        {
          peer,
          sid: 's1',
          blockSize: options.blockSize,
          isAccepted: false,
          window: fixedWindow(options.window, options.blockSize),
          retry: { maxRetries: 0, initialWait: 1, waitFactor: 1 },
          clock: new ManualClock(),
        },
        link,
      );
    };
    const his: Bytestream = end(JULIET, () => hers);
    const hers: Bytestream = end(ROMEO, () => his);
    return { his, hers, seqs };
  }

  test.each([1, 8])(
    'are numbered from 0 again after 65,535, both ways, at window %i',
    async (window) => {
      const { his, hers, seqs } = joinedDirectly({ window, blockSize: 1 });
      const bytes = pattern(2 * 65_536 + 3);
      his.end(bytes);
      hers.end(bytes);
      const both = await Promise.all([readAll(hers), readAll(his)]);
      // `toEqual` would look at each byte for seconds.
      expect(both.map((received) => received.equals(bytes))).toEqual([true, true]);
      expect([his.blocksSent, hers.incoming.blocks]).toEqual([bytes.length, bytes.length]);
      expect(seqs.reduce((highest, seq) => Math.max(highest, seq), 0)).toBe(65_535);
      expect(seqs.filter((seq) => seq <= 2)).toHaveLength(2 * 3 * 3);
    },
  );

  test.each([1, 2, 8])('under way are as many as the window allows: %i', async (window) => {
    const { his, hers, wire } = await pairOfBytestreams({ window, blockSize: 4 });
    his.resume().end(pattern(400));
    await readAll(hers);
    expect(mostUnderWay(wire.lines)).toBe(window);
  });

  test('are filled up by what is written while one is under way', async () => {
    const { his, hers } = await pairOfBytestreams({ blockSize: 4 });
    his.write('a');
    await settled();
    for (const letter of 'bcdefgh') his.write(letter);
    his.resume().end();
    const sizes: number[] = [];
    for await (const { length } of hers) sizes.push(length);
    expect(sizes).toEqual([1, 4, 3]);
  });

  test('have in them what is written in one turn (R842)', async () => {
    const { his, hers } = await pairOfBytestreams({ blockSize: 4 });
    for (const letter of 'abcdefg') his.write(letter);
    his.resume().end();
    const sizes: number[] = [];
    for await (const { length } of hers) sizes.push(length);
    expect(sizes).toEqual([4, 3]);
  });

  test('do not wait to be full when nothing is under way', async () => {
    const { his, hers } = await pairOfBytestreams({ window: 8, blockSize: 4096 });
    for (const word of ['to', 'be']) {
      his.write(word);
      const [bytes] = await once(hers, 'data');
      expect(bytes).toEqual(Buffer.from(word));
      await settled();
    }
  });

  test('are counted when they were acknowledged', async () => {
    const { his, hers } = await pairOfBytestreams({ window: 8, blockSize: 4 });
    const acknowledged: number[] = [];
    his.on('acknowledged', () => acknowledged.push(his.bytesSent));
    his.write(pattern(10));
    await settled();
    expect([his.bytesSent, his.blocksSent]).toEqual([0, 0]);
    expect([hers.bytesReceived, hers.incoming.bytes, hers.incoming.blocks]).toEqual([0, 8, 2]);
    his.resume().end();
    await readAll(hers);
    await finished(his);
    expect([his.bytesSent, his.blocksSent, his.bytesReceived]).toEqual([10, 3, 0]);
    expect([hers.bytesReceived, hers.incoming.blocks, hers.bytesSent]).toEqual([10, 3, 0]);
    expect(acknowledged).toEqual([4, 8, 10]);
  });
});

describe('a reader', () => {
  test('that does not read leaves every block unacknowledged', async () => {
    const { his, wire } = await pairOfBytestreams({ window: 8, blockSize: 4 });
    his.end(pattern(400));
    await settled();
    expect(wire.find(/^romeo: data/)).toHaveLength(8);
    expect(wire.find(/taken/)).toEqual([]);
  });

  test('acknowledges a block when it comes back for more', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ blockSize: 4 });
    his.end('one two ');
    const reader = hers[Symbol.asyncIterator]();
    expect((await reader.next()).value).toEqual(Buffer.from('one '));
    await settled();
    expect(wire.lines).toEqual(['romeo: data 0']);
    const second = reader.next();
    await settled();
    expect(wire.lines.slice(1)).toEqual(['juliet: data 0 taken', 'romeo: data 1']);
    expect((await second).value).toEqual(Buffer.from('two '));
    await settled();
    expect(wire.lines).toHaveLength(3);
  });

  test('that pauses when it has a block does not acknowledge it', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ blockSize: 4 });
    const read: string[] = [];
    hers.on('data', (bytes) => read.push(bytes.toString()) && hers.pause());
    his.write('one two ');
    await settled();
    expect([read, wire.lines]).toEqual([['one '], ['romeo: data 0']]);
    hers.resume();
    await settled();
    expect(read).toEqual(['one ', 'two ']);
    expect(wire.find(/taken/)).toEqual(['juliet: data 0 taken']);
  });

  test('that is a pipeline into something slow acknowledges no more than fits in', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ window: 8, blockSize: 4 });
    his.end(pattern(400));
    const slow = new PassThrough({ highWaterMark: 8 });
    const piped = pipeline(hers, slow);
    await settled();
    expect(wire.find(/taken/).length).toBeLessThanOrEqual(4);
    his.resume();
    const [received] = await Promise.all([readAll(slow), piped]);
    expect(received).toEqual(pattern(400));
  });

  test('gets what came at once as one, and all of it is acknowledged together', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ window: 3, blockSize: 4 });
    his.write(pattern(12));
    await settled();
    const reader = hers[Symbol.asyncIterator]();
    expect((await reader.next()).value).toEqual(pattern(12));
    expect(wire.find(/taken/)).toEqual([]);
    his.resume().end();
    await reader.next();
    expect(wire.find(/data \d taken/)).toHaveLength(3);
  });
});

describe('a writer', () => {
  test('is held up while nobody reads, and goes on when somebody does', async () => {
    const { his, hers } = await pairOfBytestreams({ window: 2, blockSize: 1024 });
    let accepted = 0;
    while (his.write(pattern(1024))) accepted += 1024;
    const drained = watch(his, 'drain');
    await settled();
    expect(accepted).toBeLessThan(256 * 1024);
    expect(drained.count).toBe(0);
    hers.resume();
    await once(his, 'drain');
  });

  test('does not read a whole source ahead of its reader', async () => {
    const { his, hers } = await pairOfBytestreams({ window: 8, blockSize: 1024 });
    const total = 1024 * 1024;
    let read = 0;
    async function* source() {
      for (; read < total; read += 4096) yield pattern(4096);
    }
    const piped = pipeline(source, his);
    await settled();
    expect(read).toBeLessThan(256 * 1024);
    his.resume();
    let received = 0;
    for await (const { length } of hers) received += length;
    await piped;
    expect(received).toBe(total);
  });
});
