import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  Bytestream,
  BytestreamBroken,
  type BytestreamLink,
} from '../../../src/protocol/ibb/bytestream.js';
import * as stanzas from '../../../src/protocol/ibb/stanzas.js';
import { fixedWindow } from '../../../src/protocol/ibb/window.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import {
  bytestreamToScript,
  errorOf,
  pairOfBytestreams,
  pattern,
  readAll,
  scriptToService,
} from './bytestreams.js';

/** Notes whether something has happened to a stream. */
function watch(stream: Bytestream, event: string) {
  const seen = { count: 0 };
  stream.on(event, () => {
    seen.count += 1;
  });
  return seen;
}

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
    const { his, hers } = await pairOfBytestreams({ window, blockSize: 64 });
    hers.allowHalfOpen = true;
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
        sendData: async (seq, bytes) => {
          seqs.push(seq);
          await other().receiveData({ sid: 's1', seq, bytes });
        },
        spoil: (seq, bytes) => other().receiveData({ sid: 's1', seq, bytes }),
        sendClose: () => other().receiveClose(),
        isThere: async () => true,
      };
      return new Bytestream(
        {
          peer,
          sid: 's1',
          blockSize: options.blockSize,
          stanza: 'iq',
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
      expect([his.blocksSent, hers.blocksReceived]).toEqual([bytes.length, bytes.length]);
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
    for (const letter of 'abcdefgh') his.write(letter);
    his.resume().end();
    const sizes: number[] = [];
    for await (const { length } of hers) sizes.push(length);
    expect(sizes).toEqual([1, 4, 3]);
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
    expect([hers.bytesReceived, hers.blocksReceived]).toEqual([8, 2]);
    his.resume().end();
    await readAll(hers);
    await finished(his);
    expect([his.bytesSent, his.blocksSent, his.bytesReceived]).toEqual([10, 3, 0]);
    expect([hers.bytesReceived, hers.blocksReceived, hers.bytesSent]).toEqual([10, 3, 0]);
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

describe('the end', () => {
  test('is reached when the close was acknowledged, and not before', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ blockSize: 4 });
    const finish = watch(his, 'finish');
    his.resume().end('word');
    await settled();
    expect([wire.lines, finish.count]).toEqual([['romeo: data 0'], 0]);
    hers.allowHalfOpen = true;
    await readAll(hers);
    await settled();
    expect(wire.lines.slice(1)).toEqual(['juliet: data 0 taken', 'romeo: close']);
    expect([finish.count, his.closeAcknowledged]).toEqual([0, false]);
    hers.end();
    await settled();
    expect(wire.lines.at(-1)).toBe('juliet: close taken');
    expect([finish.count, his.closeAcknowledged]).toEqual([1, true]);
    // Her side was closed by him; nobody has said that he has what she sent.
    expect(hers.closeAcknowledged).toBe(false);
  });

  test('of nothing is one close', async () => {
    const { his, hers, wire } = await pairOfBytestreams();
    his.resume().end();
    expect(await readAll(hers)).toEqual(Buffer.alloc(0));
    await finished(his);
    expect(wire.lines).toEqual(['romeo: close', 'juliet: close taken']);
  });

  test('is not acknowledged while the other side has more to send', async () => {
    const { his, hers, wire } = await pairOfBytestreams();
    hers.allowHalfOpen = true;
    his.end('question');
    expect(await readAll(hers)).toEqual(Buffer.from('question'));
    await settled();
    expect(wire.find('juliet: close taken')).toEqual([]);
    hers.end('answer');
    expect(await readAll(his)).toEqual(Buffer.from('answer'));
    await Promise.all([finished(his), finished(hers)]);
    expect(wire.lines.at(-1)).toBe('juliet: close taken');
  });

  test('is not acknowledged before the reader has read to it', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ window: 8, blockSize: 4 });
    his.resume().end('12345678');
    const reader = hers[Symbol.asyncIterator]();
    await reader.next();
    await settled();
    expect(wire.find(/close/)).toEqual([]);
    for (let done = false; !done; { done = false } = await reader.next());
    await finished(his);
    expect(wire.lines.slice(-2)).toEqual(['romeo: close', 'juliet: close taken']);
  });

  test('may be said by both sides at once', async () => {
    const { his, hers, wire } = await pairOfBytestreams();
    his.end();
    hers.end();
    const both = await Promise.all([readAll(his), readAll(hers), finished(his), finished(hers)]);
    expect(both.slice(0, 2)).toEqual([Buffer.alloc(0), Buffer.alloc(0)]);
    expect(wire.find(/: close$/)).toEqual(['romeo: close', 'juliet: close']);
    expect(wire.find(/refused/)).toEqual([]);
  });

  test('leaves no bytestream behind', async () => {
    const { his, hers, romeo, juliet } = await pairOfBytestreams();
    const closed = Promise.all([once(his, 'close'), once(hers, 'close')]);
    his.resume().end('x');
    await readAll(hers);
    await closed;
    expect([his.destroyed, hers.destroyed]).toEqual([true, true]);
    // One more may be accepted, of the same name.
    const accepted = new Promise<void>((resolve) => {
      juliet.onBytestream = (stream) => resolve(stream.abandon());
    });
    await romeo.open(JULIET, { sid: 's1' });
    await accepted;
  });

  test('comes once', async () => {
    const { his, hers } = await pairOfBytestreams();
    const ends = [watch(hers, 'end'), watch(his, 'finish'), watch(his, 'close')];
    his.resume().end('x');
    await readAll(hers);
    await settled();
    expect(ends.map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test('is not believed when it was refused', async () => {
    const { his, wire } = await pairOfBytestreams({
      intercept: (stanza, deliver) => {
        const close = stanza.getChild('close', stanzas.NS_IBB);
        if (close) close.attrs.sid = 'another';
        deliver(stanza);
      },
    });
    his.resume().end();
    const error = await errorOf(his);
    expect(error).toBeInstanceOf(BytestreamBroken);
    expect(error).toMatchObject({ unsent: 0, cause: { condition: 'item-not-found' } });
    expect(wire.find(/: close$/)).toHaveLength(1);
  });

  test('by the peer is the end of what it takes: bytes of ours that are left count as unsent', async () => {
    let closed = false;
    const { stream, juliet, blocks } = await bytestreamToScript(
      async () => {
        if (!closed) return 'taken';
        return new StanzaError('cancel', 'item-not-found');
      },
      { blockSize: 4 },
    );
    stream.resume().write('1234');
    await settled();
    closed = true;
    const answer = juliet.request('set', ROMEO, stanzas.close('s1'));
    stream.write('567890');
    const error = await errorOf(stream);
    expect(error).toBeInstanceOf(BytestreamBroken);
    expect(error).toMatchObject({ unsent: 6, cause: { condition: 'item-not-found' } });
    expect(blocks.map(({ seq }) => seq)).toEqual([0, 1]);
    await expect(answer).rejects.toMatchObject({ condition: 'not-acceptable' });
  });

  test('by the peer is answered when all of ours has arrived', async () => {
    const { stream, juliet, blocks } = await bytestreamToScript(() => 'taken', { blockSize: 4 });
    stream.resume().write('12345678');
    await juliet.request('set', ROMEO, stanzas.close('s1'));
    expect(Buffer.concat(blocks.map(({ bytes }) => bytes ?? Buffer.alloc(0)))).toEqual(
      Buffer.from('12345678'),
    );
  });

  test('by the peer is taken once, and no block after it', async () => {
    const { open, send, streams } = scriptToService();
    await open();
    streams[0]?.resume();
    expect(await send(stanzas.close('s1'))).toBe('taken');
    expect(await send(stanzas.close('s1'))).toBe('item-not-found/cancel');
    expect(await send(stanzas.data('s1', 0, Buffer.of(1)))).toBe('item-not-found/cancel');
  });

  test('by the peer lets no block through, though nobody has read to it', async () => {
    const { open, send, streams } = scriptToService();
    await open();
    void send(stanzas.close('s1'));
    expect(await send(stanzas.data('s1', 0, Buffer.of(1)))).toBe('item-not-found/cancel');
    expect(await send(stanzas.close('s1'))).toBe('item-not-found/cancel');
    expect(streams[0]?.bytesReceived).toBe(0);
  });
});

describe('a bytestream that is broken off', () => {
  test('by its sender is an error to the recipient, not the end', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ blockSize: 4 });
    const end = watch(hers, 'end');
    const read = readAll(hers);
    his.write('12345678');
    await settled();
    his.destroy();
    await expect(read).rejects.toThrow(/unexpected-request/);
    await settled();
    expect(end.count).toBe(0);
    expect(wire.find(/^romeo: (data \d+|close)$/)).toEqual([
      'romeo: data 0',
      'romeo: data 1',
      `romeo: data ${2 + 32_768}`,
    ]);
  });

  test('before the first block is an error too', async () => {
    const { his, hers } = await pairOfBytestreams();
    his.destroy();
    await expect(readAll(hers)).rejects.toThrow(/unexpected-request/);
  });

  test('by its sender, with blocks unread, brings none of them', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ window: 8, blockSize: 4 });
    his.write(pattern(16));
    await settled();
    his.destroy();
    await settled();
    expect(hers.errored?.message).toContain('unexpected-request');
    expect(wire.find(/taken/)).toEqual([]);
  });

  test('by its sender because of an error does not tell the recipient which', async () => {
    const texts: string[] = [];
    const { his, hers } = await pairOfBytestreams({
      intercept: (stanza, deliver) => {
        texts.push(stanza.toString());
        deliver(stanza);
      },
    });
    const error = errorOf(his);
    his.destroy(new Error('secret'));
    expect((await error).message).toBe('secret');
    await expect(readAll(hers)).rejects.toThrow();
    expect(texts.join('')).not.toContain('secret');
  });

  test('by its sender, when the recipient has no room, is an error all the same', async () => {
    const blockSize = 65_535;
    const { his, hers, wire } = await pairOfBytestreams({ window: 20, blockSize });
    his.write(Buffer.alloc(20 * blockSize));
    await settled();
    expect(wire.find(/wait$/)).toHaveLength(3);
    his.destroy();
    const error = errorOf(hers);
    hers.resume();
    await settled();
    // Without it, her side would stay open for ever.
    expect(hers.destroyed).toBe(true);
    expect((await error).message).toContain('unexpected-request');
  });

  test('by its recipient is an error to the sender, and the block that waits is refused', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ blockSize: 4 });
    const error = errorOf(his);
    his.write('123456');
    await settled();
    hers.destroy();
    expect(await error).toBeInstanceOf(BytestreamBroken);
    expect(await error).toMatchObject({ unsent: 6 });
    expect(wire.find(/data 0/)).toEqual([
      'romeo: data 0',
      'juliet: data 0 refused, not-acceptable/cancel',
    ]);
  });

  test('by its recipient is an error to the sender, though no block waits', async () => {
    const { his, hers } = await pairOfBytestreams();
    const error = errorOf(his);
    hers.destroy();
    expect(await error).toBeInstanceOf(BytestreamBroken);
    expect(await error).toMatchObject({ unsent: 0 });
  });

  test('by a recipient whose disk is full does not tell the sender so', async () => {
    const { his, hers } = await pairOfBytestreams();
    const error = errorOf(his);
    const hersError = errorOf(hers);
    his.write('1');
    await settled();
    hers.destroy(new Error('ENOSPC: no space left on /srv/secret'));
    expect((await hersError).message).toContain('ENOSPC');
    expect((await error).message).not.toContain('secret');
  });

  test('by its recipient in the middle of reading is an error to the sender', async () => {
    const { his, hers } = await pairOfBytestreams({ blockSize: 4 });
    his.end(pattern(40));
    const error = errorOf(his);
    for await (const _bytes of hers) break; // which destroys it
    expect(await error).toBeInstanceOf(BytestreamBroken);
  });

  test('after its end says nothing any more', async () => {
    const { his, hers, wire } = await pairOfBytestreams();
    his.resume().end();
    await readAll(hers);
    await settled();
    his.destroy();
    hers.destroy();
    await settled();
    expect(wire.lines).toEqual(['romeo: close', 'juliet: close taken']);
  });

  test('while it closes sends no more', async () => {
    const { his, wire } = await pairOfBytestreams();
    his.end();
    await settled();
    his.destroy();
    await settled();
    expect(wire.find(/^romeo/)).toEqual(['romeo: close']);
  });
});

describe('when the session ends', () => {
  test('the bytestream ends with its error, and nothing more is sent', async () => {
    const { his, wire, sessions } = await pairOfBytestreams({ window: 2, blockSize: 4 });
    const lost = new ConnectionLost('cut');
    const error = errorOf(his);
    his.write(pattern(40));
    await settled();
    const count = wire.lines.length;
    sessions[0].end(lost);
    expect(await error).toBe(lost);
    await settled();
    expect(wire.lines).toHaveLength(count);
  });

  test('a reader gets the error, not the end', async () => {
    const { his, hers, sessions } = await pairOfBytestreams({ blockSize: 4 });
    const lost = new ConnectionLost('cut');
    his.write('12345678');
    const read = readAll(hers);
    await settled();
    sessions[1].end(lost);
    await expect(read).rejects.toBe(lost);
  });

  test('a close that waits for its answer is not taken for acknowledged', async () => {
    const { his, sessions } = await pairOfBytestreams();
    const finish = watch(his, 'finish');
    const error = errorOf(his);
    his.end();
    await settled();
    const lost = new ConnectionLost('cut');
    sessions[0].end(lost);
    expect(await error).toBe(lost);
    expect(finish.count).toBe(0);
  });

  test('a close that was received and not answered is no end either', async () => {
    const { his, hers, sessions } = await pairOfBytestreams();
    hers.allowHalfOpen = true;
    his.end('all of it');
    expect(await readAll(hers)).toEqual(Buffer.from('all of it'));
    const error = errorOf(hers);
    const lost = new ConnectionLost('cut');
    sessions[1].end(lost);
    expect(await error).toBe(lost);
  });
});
