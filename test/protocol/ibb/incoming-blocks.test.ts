import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { IncomingBlocks } from '../../../src/protocol/ibb/incoming-blocks.js';
import * as stanzas from '../../../src/protocol/ibb/stanzas.js';
import { xml } from '../../../src/session/xml.js';
import { settled } from '../../support/manual-clock.js';
import {
  data,
  pairOfBytestreams,
  pattern,
  readAll,
  scriptToService,
  TYBALT,
} from './bytestreams.js';

/** A data element as no program of ours would send it. */
const rawData = (text: string, attrs = {}) =>
  xml('data', { xmlns: stanzas.NS_IBB, sid: 's1', seq: '0', ...attrs }, text);

/** A bytestream of blocks of 4 bytes that Romeo has opened, with one block taken. */
async function opened(settings = {}) {
  const script = scriptToService(settings);
  expect(await script.open({ blockSize: 4 })).toBe('taken');
  const [stream] = script.streams;
  if (!stream) throw new Error('no bytestream');
  const read: string[] = [];
  stream.on('data', (bytes) => read.push(bytes.toString()));
  expect(await script.send(data(0, 'one '))).toBe('taken');
  script.wire.lines.length = 0;
  return { ...script, stream, read };
}

describe('a block that its bytestream cannot take', () => {
  test.each([
    ['reuses a seq', data(0, 'two '), 'unexpected-request/cancel'],
    ['leaves a gap', data(2, 'two '), 'unexpected-request/cancel'],
    ['is of the highest seq', data(65_535, 'two '), 'unexpected-request/cancel'],
    ['is not base64', rawData('QUI*', { seq: '1' }), 'bad-request/cancel'],
    ['lacks padding', rawData('QUJ', { seq: '1' }), 'bad-request/cancel'],
    ['is padded in the middle', rawData('BBBB=CCC', { seq: '1' }), 'bad-request/cancel'],
    ['is padded at the start', rawData('=AAA', { seq: '1' }), 'bad-request/cancel'],
    ['has stray bits', rawData('QUJDRB==', { seq: '1' }), 'bad-request/cancel'],
    ['is of the URL alphabet', rawData('QUJ-_w==', { seq: '1' }), 'bad-request/cancel'],
    ['is empty', rawData('', { seq: '1' }), 'bad-request/cancel'],
    ['is white space', rawData(' \n ', { seq: '1' }), 'bad-request/cancel'],
    ['is a byte too large', data(1, 'five!'), 'bad-request/cancel'],
  ])(
    'because it %s ends it, and nothing more is taken (R13, R24)',
    async (_why, element, condition) => {
      const { send, stream, read, wire } = await opened();
      const answer = await send(element);
      expect(answer).toBe(condition);
      await settled();
      // §2.2: "the recipient MUST close the bytestream".
      expect(wire.find(/^juliet: close$/)).toHaveLength(1);
      expect(stream.errored?.message).toContain(condition.split('/')[0]);
      expect(await send(data(1, 'two '))).toBe('item-not-found/cancel');
      expect(await send(data(2, 'six '))).toBe('item-not-found/cancel');
      expect(await send(stanzas.close('s1'))).toBe('item-not-found/cancel');
      expect([read, stream.bytesReceived, stream.incoming.blocks]).toEqual([['one '], 4, 1]);
      expect(stream.readableEnded).toBe(false);
    },
  );

  test('makes no use of the blocks before it that nobody has read', async () => {
    const { open, send, streams } = scriptToService();
    await open({ blockSize: 4 });
    const first = send(data(0, 'one '));
    expect(await send(data(2, 'six '))).toBe('unexpected-request/cancel');
    expect(await first).toBe('unexpected-request/cancel');
    const [stream] = streams;
    if (!stream) throw new Error('no bytestream');
    await expect(readAll(stream)).rejects.toThrow('unexpected-request');
  });
});

describe('a block that is for no bytestream', () => {
  test.each([
    ['no seq', rawData('QUJD', { seq: undefined })],
    ['the seq "+1"', rawData('QUJD', { seq: '+1' })],
    ['the seq "1x"', rawData('QUJD', { seq: '1x' })],
    ['the seq 65536', rawData('QUJD', { seq: '65536' })],
    ['no sid', rawData('QUJD', { seq: '1', sid: undefined })],
  ])('because it has %s is refused, and those that are open go on', async (_why, element) => {
    const { send, read, wire } = await opened();
    expect(await send(element)).toBe('bad-request/modify');
    expect(await send(data(1, 'two '))).toBe('taken');
    expect(read).toEqual(['one ', 'two ']);
    expect(wire.find(/close/)).toEqual([]);
  });

  test('because nobody knows its sid is refused, and those that are open go on (R48)', async () => {
    const { send, read } = await opened();
    expect(await send(data(1, 'two ', 's2'))).toBe('item-not-found/cancel');
    expect(await send(data(1, 'two ', 'S1'))).toBe('item-not-found/cancel');
    expect(await send(stanzas.close('s2'))).toBe('item-not-found/cancel');
    expect(await send(data(1, 'two '))).toBe('taken');
    expect(read).toEqual(['one ', 'two ']);
  });

  test.each([
    ['someone else', TYBALT],
    ['another resource of its sender', 'romeo@montague.example/hall'],
    ['its sender without a resource', 'romeo@montague.example'],
    ['ourselves', 'juliet@capulet.example/chamber'],
  ])('because it comes from %s is refused, and the bytestream goes on (R8)', async (_who, from) => {
    const { send, sendAs, read, stream } = await opened();
    expect(await sendAs(from, data(1, 'evil'))).toBe('item-not-found/cancel');
    expect(await sendAs(from, data(7, 'evil'))).toBe('item-not-found/cancel');
    expect(await sendAs(from, rawData('*', { seq: '1' }))).toBe('item-not-found/cancel');
    expect(await sendAs(from, stanzas.close('s1'))).toBe('item-not-found/cancel');
    expect(await send(data(1, 'two '))).toBe('taken');
    expect(read).toEqual(['one ', 'two ']);
    expect(stream.readableEnded).toBe(false);
  });
});

describe('a block', () => {
  test('may be as large as the block size, and shorter at any time', async () => {
    const { send, read } = await opened();
    for (const [seq, text] of ['', 'a', 'four', 'b', 'abc'].entries()) {
      if (seq > 0) expect(await send(data(seq, text))).toBe('taken');
    }
    expect(read.join('')).toBe('one afourbabc');
  });

  test('may be wrapped, as the examples of the XEP are', async () => {
    const { send, read } = await opened();
    expect(await send(rawData('\n    dHdv\n    IA==\n  ', { seq: '1' }))).toBe('taken');
    expect(read).toEqual(['one ', 'two ']);
  });

  test('of a size between sizes is taken whole', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const { open, send, streams } = scriptToService();
        await open({ blockSize: 70 });
        const [stream] = streams;
        if (!stream) throw new Error('no bytestream');
        const all = readAll(stream);
        const bytes = pattern(2100);
        let at = 0;
        for (const [seq, length] of lengths.entries()) {
          const answer = await send(stanzas.data('s1', seq, bytes.subarray(at, at + length)));
          expect(answer).toBe('taken');
          at += length;
        }
        expect(await send(stanzas.close('s1'))).toBe('taken');
        expect(await all).toEqual(bytes.subarray(0, at));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a recipient without room', () => {
  const blockSize = 65_535;
  const block = (seq: number) => stanzas.data('s1', seq, Buffer.alloc(blockSize, seq));

  /** 33 blocks that nobody has read fill it. */
  async function full() {
    const script = scriptToService();
    await script.open({ blockSize });
    const [stream] = script.streams;
    if (!stream) throw new Error('no bytestream');
    const answers = Array.from({ length: 33 }, (_, seq) => script.send(block(seq)));
    expect(await script.send(block(33))).toBe('resource-constraint/wait');
    return { ...script, stream, answers };
  }

  test('refuses a block for now, and all behind it, until that one comes again (R20)', async () => {
    const { send, stream, answers } = await full();
    expect(await send(block(34))).toBe('resource-constraint/wait');
    expect(await send(block(33))).toBe('resource-constraint/wait');
    stream.resume();
    expect(await Promise.all(answers)).toEqual(answers.map(() => 'taken'));
    // There is room now, and yet nothing may come before block 33.
    expect(await send(block(34))).toBe('resource-constraint/wait');
    expect(await send(block(33))).toBe('taken');
    expect(await send(block(34))).toBe('taken');
    expect([stream.incoming.blocks, stream.bytesReceived]).toEqual([35, 35 * blockSize]);
  });

  test('is one bytestream; others have room of their own', async () => {
    const { open, send, streams, service } = await full();
    service.settings.sessionLimit = 2;
    expect(await open({ sid: 's2', blockSize: 4 })).toBe('taken');
    streams[1]?.resume();
    expect(await send(data(0, 'one ', 's2'))).toBe('taken');
  });

  test('refuses for good a block that it has taken already (R14)', async () => {
    const { send, stream } = await full();
    expect(await send(block(32))).toBe('unexpected-request/cancel');
    expect(stream.destroyed).toBe(true);
  });

  test('refuses for good a block that is not base64', async () => {
    const { send, stream } = await full();
    expect(await send(rawData('*', { seq: '33' }))).toBe('bad-request/cancel');
    expect(stream.destroyed).toBe(true);
  });

  test('after a block that it refused takes the same bytes once', async () => {
    const { his, hers, clock } = await pairOfBytestreams({ window: 34, blockSize });
    const bytes = Buffer.concat(Array.from({ length: 34 }, (_, n) => Buffer.alloc(blockSize, n)));
    his.resume().end(bytes);
    await settled();
    const read = readAll(hers);
    await clock.advance(1000);
    expect((await read).equals(bytes)).toBe(true);
  });
});

test('what waits comes by some hundred thousand bytes: joined, it is in memory twice (R703)', async () => {
  const script = scriptToService();
  await script.open({ blockSize: 65_535 });
  const [stream] = script.streams;
  if (!stream) throw new Error('no bytestream');
  const sent = Array.from({ length: 9 }, (_, seq) =>
    script.send(stanzas.data('s1', seq, Buffer.alloc(65_535, seq))),
  );
  await settled();
  const read: number[] = [];
  stream.on('data', (bytes) => read.push(bytes.length));
  await Promise.all(sent);
  expect(read).toEqual([4 * 65_535, 4 * 65_535, 65_535]);
});

test('one who takes little at a time gets blocks as they come, and acknowledges no more than those (R440)', async () => {
  const script = scriptToService({ mostTaken: 8 });
  expect(await script.open({ blockSize: 4 })).toBe('taken');
  const [stream] = script.streams;
  if (!stream) throw new Error('no bytestream');
  const answers: number[] = [];
  const sent = Array.from({ length: 5 }, async (_, seq) => {
    await script.send(data(seq, `${seq}234`));
    answers.push(seq);
  });
  await settled();
  const read: [bytes: string, acknowledged: number][] = [];
  for await (const bytes of stream.iterator({ destroyOnReturn: false })) {
    await settled();
    read.push([bytes.toString(), answers.length]);
    if (read.length === 3) break;
  }
  expect(read.map(([bytes]) => bytes)).toEqual(['02341234', '22343234', '4234']);
  expect(read.map(([, acknowledged], at) => acknowledged <= 2 * (at + 1))).toEqual([
    ...[true, true, true],
  ]);
  stream.destroy();
  await Promise.all(sent);
});

const FLOOD = Buffer.alloc(48_000);
const MIB = 1024 * 1024;

/** How many bytes a bytestream takes in messages for a reader that reads nothing, beside so many others. */
function waitingBeside(others: number): number {
  const blocks = new IncomingBlocks(
    { blockSize: FLOOD.length, count: () => others + 1 },
    'message',
    () => undefined,
  );
  try {
    for (;;) blocks.receive({ sid: 's', seq: blocks.blocks, bytes: FLOOD }).catch(() => undefined);
  } catch (error) {
    expect(error).toMatchObject({ type: 'wait', condition: 'resource-constraint' });
  }
  blocks.fail(null);
  return blocks.bytes;
}

test('those that flood us with messages share what may wait in memory (R807)', () => {
  const alone = waitingBeside(0);
  expect(alone).toBeGreaterThan(4 * MIB - FLOOD.length);
  expect(alone).toBeLessThanOrEqual(4 * MIB);
  const beside = waitingBeside(15);
  expect(16 * beside).toBeLessThanOrEqual(18 * MIB);
  // A sender of ours that paces itself is not broken off, however many there are.
  expect(waitingBeside(1_000)).toBe(beside);
  expect(beside).toBeGreaterThan(MIB);
});
