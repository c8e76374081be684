import { describe, expect, jest, test } from '@jest/globals';
import { ChannelBroken, ChannelLost } from '../../../../src/protocol/channel.js';
import * as stanzas from '../../../../src/protocol/ibb/stanzas.js';
import { StanzaError } from '../../../../src/session/stanza-error.js';
import { xml } from '../../../../src/session/xml.js';
import { ROMEO } from '../../../support/linked-sessions.js';
import { ManualClock, settled } from '../../../support/manual-clock.js';
import {
  bytestreamToScript,
  errorOf,
  pairOfBytestreams,
  type ReceivedBlock,
  readAll,
  unattended,
} from '../bytestreams.js';

// XEP-0047 §2.2: the recipient has gone offline.
const WAIT = new StanzaError('wait', 'recipient-unavailable');

const seqsOf = (blocks: ReceivedBlock[]) => blocks.map(({ seq }) => seq);
const bytesOf = (blocks: ReceivedBlock[]) => blocks.map(({ bytes }) => bytes?.toString());

/** Seconds at which the blocks came, to the millisecond. */
const secondsOf = (blocks: ReceivedBlock[]) => blocks.map(({ at }) => Math.round(at) / 1000);

describe('a block that gets a wait error', () => {
  test.each([1, 2, 3, 4, 5])(
    '%i times is sent again, the same, after longer and longer waits (R15, R30)',
    async (n) => {
      const { stream, clock, blocks } = await bytestreamToScript(
        (_seq, index) => (index >= 1 && index <= n ? WAIT : 'taken'),
        { blockSize: 4 },
      );
      stream.end('one two six ');
      await clock.advance(8_000);
      const again = Array.from({ length: n }, () => 'two ');
      expect(bytesOf(blocks)).toEqual(['one ', 'two ', ...again, 'six ']);
      expect(seqsOf(blocks)).toEqual([0, 1, ...again.map(() => 1), 2]);
      const times = [0, 0, 1, 2.2, 3.64, 5.368, 7.442].slice(0, n + 2);
      expect(secondsOf(blocks)).toEqual([...times, times.at(-1)]);
      expect([stream.bytesSent, stream.blocksSent]).toEqual([12, 3]);
    },
  );

  test.each(['recipient-unavailable', 'remote-server-timeout', 'resource-constraint'])(
    'of the condition %s is sent again',
    async (condition) => {
      const { stream, clock, blocks } = await bytestreamToScript((_seq, index) =>
        index === 0 ? new StanzaError('wait', condition) : 'taken',
      );
      stream.write('x');
      await clock.advance(1000);
      expect([seqsOf(blocks), stream.bytesSent]).toEqual([[0, 0], 1]);
    },
  );

  test('six times is given up, with the error as the cause, and the peer hears of it (R30)', async () => {
    const { stream, clock, blocks, wire } = await bytestreamToScript(() => WAIT, { blockSize: 4 });
    const error = errorOf(stream);
    stream.write('one two ');
    await clock.advance(10_000);
    expect(await error).toBeInstanceOf(ChannelLost);
    expect((await error).message).toBe(
      'the recipient could still not take the block after 5 retries',
    );
    expect((await error).cause).toMatchObject({ condition: 'recipient-unavailable' });
    expect(seqsOf(blocks).slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(secondsOf(blocks).slice(0, 6)).toEqual([0, 1, 2.2, 3.64, 5.368, 7.442]);
    // The last word is not an end.
    expect(wire.find(/^romeo: close$/)).toEqual([]);
    expect(blocks[6]?.seq).toBeGreaterThan(32_000);
    expect(blocks).toHaveLength(7);
  });

  test.each([
    [{ maxRetries: 0 }, [0]],
    [{ maxRetries: 1 }, [0, 1]],
    [{ maxRetries: 3, initialWait: 0.5, waitFactor: 2 }, [0, 0.5, 1.5, 3.5]],
    [{ maxRetries: 2, waitFactor: 1 }, [0, 1, 2]],
    [{ maxRetries: 2, initialWait: 0 }, [0, 0, 0]],
  ])('is sent again as the settings say: %j', async (settings, times) => {
    const { stream, clock, blocks } = await bytestreamToScript(() => WAIT, settings);
    const error = errorOf(stream);
    stream.write('x');
    await clock.advance(60_000);
    expect(await error).toBeInstanceOf(ChannelLost);
    expect(secondsOf(blocks.filter(({ seq }) => seq === 0))).toEqual(times);
  });

  test('waits and tries as often as the first one did, after a block that was taken', async () => {
    const { stream, clock, blocks } = await bytestreamToScript(
      // Each block is refused three times.
      (_seq, index) => (index % 4 === 3 ? 'taken' : WAIT),
      { blockSize: 1 },
    );
    stream.write('abc');
    await clock.advance(60_000);
    expect(seqsOf(blocks)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    const waits = [0, 1, 2.2, 3.64];
    const start = [0, 3.64, 7.28];
    expect(secondsOf(blocks)).toEqual(
      start.flatMap((from) => waits.map((wait) => Math.round((from + wait) * 1000) / 1000)),
    );
  });

  test('holds back what is written meanwhile', async () => {
    const { stream, clock, blocks } = await bytestreamToScript(
      (_seq, index) => (index === 0 ? WAIT : 'taken'),
      { blockSize: 4, window: 8 },
    );
    stream.write('ab');
    await settled();
    stream.write('cdefgh');
    await clock.advance(999);
    expect(bytesOf(blocks)).toEqual(['ab']);
    await clock.advance(1);
    expect(bytesOf(blocks)).toEqual(['ab', 'ab', 'cdef', 'gh']);
  });

  test('is sent no more once the bytestream is destroyed', async () => {
    const { stream, clock, blocks } = await bytestreamToScript(() => WAIT);
    stream.write('x');
    await settled();
    stream.destroy();
    await clock.advance(60_000);
    expect(blocks.filter(({ seq }) => seq === 0)).toHaveLength(1);
    expect(clock.sleepers).toBe(0);
  });

  test('may be the last one before the end', async () => {
    const { stream, clock, blocks, wire } = await bytestreamToScript((_seq, index) =>
      index === 0 ? WAIT : 'taken',
    );
    stream.resume().end('x');
    await settled();
    expect(wire.find(/close/)).toEqual([]);
    await clock.advance(1000);
    expect(seqsOf(blocks)).toEqual([0, 0]);
    expect(wire.lines.slice(-2)).toEqual(['romeo: close', 'juliet: close taken']);
  });
});

describe('a wait error with more blocks under way', () => {
  test('takes the sender back to that block, and to one block at a time', async () => {
    // As our own recipient does: it refuses what is behind the block that it refused.
    const { stream, clock, blocks, wire } = await bytestreamToScript(
      (seq, index) => (index < 10 && seq >= 2 ? WAIT : 'taken'),
      { blockSize: 1, window: 8 },
    );
    stream.write('abcdefghijkl');
    await settled();
    // Those that were taken made room for two more.
    expect(seqsOf(blocks)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await clock.advance(999);
    expect(blocks).toHaveLength(10);
    wire.lines.length = 0;
    await clock.advance(1);
    expect(seqsOf(blocks.slice(10))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(bytesOf(blocks.slice(10)).join('')).toBe('cdefghijkl');
    expect([stream.bytesSent, stream.blocksSent]).toEqual([12, 12]);
    const turns = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11].flatMap((seq) => [
      `romeo: data ${seq}`,
      `juliet: data ${seq} taken`,
    ]);
    expect(wire.lines).toEqual(turns);
  });

  test('sends nothing before every block under way has its answer', async () => {
    let answer = (_outcome: 'taken') => {};
    const { stream, clock, blocks } = await bytestreamToScript(
      (_seq, index) => {
        if (index === 1) return WAIT;
        if (index > 1) return 'taken';
        return new Promise<'taken'>((resolve) => {
          answer = resolve;
        });
      },
      { blockSize: 1, window: 2 },
    );
    stream.write('abc');
    await clock.advance(10_000);
    expect(seqsOf(blocks)).toEqual([0, 1]);
    answer('taken');
    await clock.advance(1000);
    expect(seqsOf(blocks)).toEqual([0, 1, 1, 2]);
    expect(stream.bytesSent).toBe(3);
  });

  test('is the end when the recipient took a later one', async () => {
    const { stream, clock, blocks } = await bytestreamToScript(
      (seq) => (seq === 1 ? WAIT : 'taken'),
      { blockSize: 1, window: 3 },
    );
    const error = errorOf(stream);
    stream.write('abc');
    await clock.advance(60_000);
    expect(await error).toBeInstanceOf(ChannelLost);
    expect((await error).message).toBe('a block was lost on the way');
    expect((await error).cause).toEqual(WAIT_AS_READ);
    expect(seqsOf(blocks).filter((seq) => seq < 3)).toEqual([0, 1, 2]);
    expect([stream.bytesSent, stream.blocksSent]).toEqual([1, 1]);
  });

  test('is the end when the recipient refused a later one as unexpected', async () => {
    const { stream, clock, blocks } = await bytestreamToScript(
      (seq) =>
        seq === 1 ? WAIT : seq === 2 ? new StanzaError('cancel', 'unexpected-request') : 'taken',
      { blockSize: 1, window: 3 },
    );
    const error = errorOf(stream);
    stream.write('abc');
    await clock.advance(60_000);
    expect(await error).toBeInstanceOf(ChannelLost);
    expect(seqsOf(blocks).filter((seq) => seq < 3)).toEqual([0, 1, 2]);
  });

  test('brings everything to our own recipient, whose reader did not read', async () => {
    const blockSize = 65_535;
    const bytes = Buffer.concat(Array.from({ length: 41 }, (_, n) => Buffer.alloc(blockSize, n)));
    const { his, hers, wire, clock } = await pairOfBytestreams({ window: 36, blockSize });
    his.resume().end(bytes);
    await clock.advance(600);
    // 33 blocks are just less than 2 MiB + 64 KiB.
    expect(wire.find(/refused/)).toEqual(
      [33, 34, 35].map((seq) => `juliet: data ${seq} refused, resource-constraint/wait`),
    );
    const read = readAll(hers);
    await clock.advance(999);
    expect(wire.find(/^romeo: data \d+$/)).toHaveLength(36);
    wire.lines.length = 0;
    await clock.advance(1);
    expect((await read).equals(bytes)).toBe(true);
    await settled();
    expect(wire.lines).toEqual([
      ...[33, 34, 35, 36, 37, 38, 39, 40].flatMap((seq) => [
        `romeo: data ${seq}`,
        `juliet: data ${seq} taken`,
      ]),
      'romeo: close',
      'juliet: close taken',
    ]);
  });
});

/** What the sender reads of `WAIT` on the wire. */
const WAIT_AS_READ = expect.objectContaining({
  name: 'StanzaError',
  type: 'wait',
  condition: 'recipient-unavailable',
});

describe('any other error', () => {
  test.each([
    ['cancel', 'item-not-found'],
    ['cancel', 'unexpected-request'],
    ['cancel', 'bad-request'],
    ['cancel', 'recipient-unavailable'],
    ['cancel', 'service-unavailable'],
    ['modify', 'not-acceptable'],
    ['auth', 'forbidden'],
    ['continue', 'undefined-condition'],
  ] as const)(
    '%s/%s is the end, and a block out of sequence and a close follow',
    async (type, condition) => {
      const { stream, blocks, wire, clock } = await bytestreamToScript(
        (seq) => (seq === 0 ? 'taken' : new StanzaError(type, condition)),
        { blockSize: 4 },
      );
      const error = errorOf(stream);
      stream.write('one two six ');
      await clock.advance(10_000);
      expect(await error).toBeInstanceOf(ChannelBroken);
      expect(await error).toMatchObject({ unsent: 8, cause: { type, condition } });
      expect(seqsOf(blocks)).toEqual([0, 1, 2 + 32_768]);
      expect(wire.find(/^romeo/)).toEqual([
        'romeo: data 0',
        'romeo: data 1',
        `romeo: data ${2 + 32_768}`,
        'romeo: close',
      ]);
      expect(stream.bytesSent).toBe(4);
    },
  );

  test('with more blocks under way counts them all as unsent, and is told once (R31)', async () => {
    const { stream, wire } = await bytestreamToScript(
      () => new StanzaError('cancel', 'item-not-found'),
      { blockSize: 1, window: 8 },
    );
    const errors: Error[] = [];
    stream.on('error', (error) => errors.push(error));
    stream.write('abcdefghijkl');
    await settled();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ name: 'ChannelBroken', unsent: 12 });
    expect(wire.find(/^romeo: close$/)).toHaveLength(1);
  });

  test('after a wait error, in answer to the same block, is the end', async () => {
    // mellium counts a block that it refuses with `wait`.
    const { stream, clock, blocks } = await bytestreamToScript((_seq, index) =>
      index === 0 ? WAIT : new StanzaError('cancel', 'unexpected-request'),
    );
    const error = errorOf(stream);
    stream.write('x');
    await clock.advance(60_000);
    expect(await error).toMatchObject({ unsent: 1, cause: { condition: 'unexpected-request' } });
    expect(seqsOf(blocks)).toEqual([0, 0, 1 + 32_768]);
  });
});

// Each left a window of blocks in the session, for as long as that went on.
test.each(['iq', 'message'] as const)(
  'with the bytestream ends the waiting for answers, in %s stanzas',
  async (stanza) => {
    const { stream, romeo } = await bytestreamToScript(() => 'silence', { stanza, window: 4 });
    const requests = jest.spyOn(romeo, 'request');
    unattended(stream).write(Buffer.alloc(40_000));
    await settled();
    stream.abandon();
    expect(requests).toHaveBeenCalled();
    const replies = requests.mock.results.map(({ value }) => value as Promise<unknown>);
    const outcomes = await Promise.allSettled(replies);
    expect(outcomes.map(({ status }) => status)).toEqual(replies.map(() => 'rejected'));
  },
);

describe('a reply that does not come', () => {
  test.each([1, 2, 8])(
    'for 120 s is the end at window %i, and no block is sent twice (R15)',
    async (window) => {
      const { stream, clock, blocks, wire } = await bytestreamToScript(() => 'silence', {
        blockSize: 1,
        window,
      });
      const error = errorOf(stream);
      stream.write('abcdefghijkl');
      await clock.advance(119_999);
      expect(stream.errored).toBeNull();
      await clock.advance(1);
      expect(stream.errored).toBeInstanceOf(ChannelLost);
      expect((await error).message).toContain('stopped answering');
      await clock.advance(600_000);
      const sent = seqsOf(blocks);
      expect(sent.slice(0, window)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].slice(0, window));
      // And one out of sequence: whoever is still there must not take it for the end.
      expect(sent).toHaveLength(window + 1);
      expect(new Set(sent).size).toBe(window + 1);
      expect(wire.find(/^romeo: close$/)).toEqual([]);
    },
  );

  test.each([1, 2, 8])('for a later block is the end at window %i', async (window) => {
    const { stream, clock } = await bytestreamToScript((seq) => (seq < 10 ? 'taken' : 'silence'), {
      blockSize: 1,
      window,
    });
    unattended(stream).write('abcdefghijkl');
    await settled();
    expect(stream.blocksSent).toBe(10);
    await clock.advance(240_000);
    expect(stream.errored).toBeInstanceOf(ChannelLost);
  });

  test.each([1, 2, 8])(
    'for less than 120 s is waited for, time and again, at window %i',
    async (window) => {
      const clock = new ManualClock();
      const never = new AbortController().signal;
      const { stream, blocks } = await bytestreamToScript(
        async () => {
          await clock.sleep(100_000, never);
          return 'taken' as const;
        },
        { blockSize: 1, window },
        clock,
      );
      stream.on('error', () => undefined);
      stream.write('abcdefghijkl');
      await clock.advance(1_250_000);
      expect(stream.errored).toBeNull();
      expect([stream.blocksSent, blocks.length]).toEqual([12, 12]);
    },
  );

  test('is noticed though another block got a wait error', async () => {
    const { stream, clock, blocks } = await bytestreamToScript(
      (seq) => (seq === 0 ? WAIT : 'silence'),
      { blockSize: 1, window: 2 },
    );
    unattended(stream).write('abc');
    await clock.advance(240_000);
    expect(stream.errored).toBeInstanceOf(ChannelLost);
    expect(seqsOf(blocks).filter((seq) => seq < 3)).toEqual([0, 1]);
  });

  test('to anything for 120 s is the end', async () => {
    let mute = false;
    const { his, clock, wire } = await pairOfBytestreams({
      blockSize: 1,
      window: 2,
      intercept: (stanza, deliver) => mute || deliver(stanza),
    });
    mute = true;
    unattended(his).write('abc');
    await clock.advance(119_999);
    expect(his.errored).toBeNull();
    await clock.advance(1);
    expect(his.errored).toBeInstanceOf(ChannelLost);
    expect(wire.find(/^romeo: data [012]$/)).toEqual(['romeo: data 0', 'romeo: data 1']);
  });

  test('is explained when a server says that nobody is there', async () => {
    const { stream, clock, juliet } = await bytestreamToScript(() => 'silence', {
      blockSize: 1,
      window: 2,
    });
    unattended(stream).write('abc');
    await settled();
    // What the server of a resource that is gone answers.
    juliet.receive = (stanza) => {
      const { id, type } = stanza.attrs;
      if (type !== 'set') return;
      const gone = new StanzaError('cancel', 'service-unavailable').toElement();
      void juliet.send(xml('iq', { type: 'error', id, to: ROMEO }, gone));
    };
    await clock.advance(20_000);
    expect(stream.errored).toBeInstanceOf(ChannelLost);
    expect(stream.errored?.message).toContain('gone');
  });

  test('is not what a long wait between wait errors is taken for', async () => {
    const { stream, clock, blocks } = await bytestreamToScript(
      (_seq, index) => (index < 3 ? WAIT : 'taken'),
      { initialWait: 100, waitFactor: 2 },
    );
    stream.write('x');
    await clock.advance(700_000);
    expect(stream.errored).toBeNull();
    expect(secondsOf(blocks)).toEqual([0, 100, 300, 700]);
    expect(stream.bytesSent).toBe(1);
  });

  test('is not what a sender is blamed for that has nothing to send', async () => {
    const { stream, clock, blocks } = await bytestreamToScript(() => 'taken', { window: 8 });
    for (const letter of 'abc') {
      stream.write(letter);
      await clock.advance(119_000);
    }
    await clock.advance(600_000);
    expect(stream.errored).toBeNull();
    expect(seqsOf(blocks)).toEqual([0, 1, 2]);
  });

  test('keeps nobody waiting after the end', async () => {
    const { stream, clock } = await bytestreamToScript(() => 'taken');
    stream.resume().end('abc');
    await settled();
    await clock.advance(120_000);
    expect(clock.sleepers).toBe(0);
  });

  test('to a block does not keep the peer from being read', async () => {
    const { stream, juliet, clock } = await bytestreamToScript(() => 'silence');
    unattended(stream).write('x');
    const read: Buffer[] = [];
    stream.on('data', (bytes) => read.push(bytes));
    await juliet.request('set', ROMEO, stanzas.data('s1', 0, Buffer.from('y')));
    expect(Buffer.concat(read)).toEqual(Buffer.from('y'));
    await clock.advance(1);
  });
});

// All of a file was handed to a network that took nothing of it.
test('a bytestream in messages is paced by the network where neither the peer nor the server answers', async () => {
  const { stream, romeo } = await bytestreamToScript(() => 'taken', {
    stanza: 'message',
    window: 4,
  });
  const sending = jest.spyOn(romeo, 'send').mockReturnValue(new Promise(() => undefined));
  unattended(stream).write(Buffer.alloc(100_000));
  await settled();
  expect(sending).toHaveBeenCalledTimes(4);
});
