import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { ChannelBroken } from '../../../src/protocol/channel.js';
import { SealBroken } from '../../../src/protocol/seal/seal-broken.js';
import { settled } from '../../support/manual-clock.js';
import { holdsChannel } from '../channel-suite.js';
import { pairOfBytestreams, pattern, readAll, watch } from '../ibb/bytestreams.js';
import { memoryChannels, type OnItsWay } from './memory-channels.js';
import { messagesOf, pairOfSeals } from './seals.js';

/** Both ends of a sealed channel, over one in memory. */
function sealedInMemory(onItsWay?: OnItsWay, options = {}) {
  const below = memoryChannels(onItsWay);
  const seals = pairOfSeals(options);
  return { his: seals.his.wrap(below.his), hers: seals.hers.wrap(below.hers), below, seals };
}

describe.each([
  ['in iqs', 'iq'],
  ['in messages', 'message'],
] as const)('a sealed in-band bytestream %s (R242, R283)', (_name, stanza) => {
  const join = async () => {
    const below = await pairOfBytestreams(
      { blockSize: 64, window: 4, halfOpen: true, stanza },
      { stanza },
    );
    const seals = pairOfSeals();
    return { his: seals.his.wrap(below.his), hers: seals.hers.wrap(below.hers) };
  };
  holdsChannel(join, { isSealed: true });
});

describe('a sealed channel', () => {
  test.each([
    [1, 1500],
    [4096, 100_000],
    [48_000, 300_000],
  ])('carries a file over blocks of %i, one at a time (R242)', async (blockSize, size) => {
    for (const bytes of [randomBytes(size), pattern(size)]) {
      const below = await pairOfBytestreams({ blockSize, window: 1 });
      const seals = pairOfSeals();
      const [his, hers] = [seals.his.wrap(below.his), seals.hers.wrap(below.hers)];
      his.resume().end(bytes);
      expect((await readAll(hers)).equals(bytes)).toBe(true);
    }
  });

  test.each([0, 1, 16_383, 16_384, 16_385, 65_536, 65_537, 1_000_000])(
    'carries a file of %i bytes, random ones and zeros',
    async (size) => {
      for (const bytes of [randomBytes(size), Buffer.alloc(size)]) {
        const { his, hers } = sealedInMemory();
        his.resume().end(bytes);
        expect((await readAll(hers)).equals(bytes)).toBe(true);
        expect(hers.bytesReceived).toBe(size);
      }
    },
  );

  test('waits behind each part of a message, where it is paced (R704)', async () => {
    const below = await pairOfBytestreams({ blockSize: 512, window: 4 });
    const seals = pairOfSeals();
    const [his, hers] = [seals.his.wrap(below.his), seals.hers.wrap(below.hers)];
    const parts: number[] = [];
    let goOn = () => {};
    hers.paceArrivals((bytes) => {
      parts.push(bytes);
      return new Promise((resolve) => {
        goOn = resolve;
      });
    });
    const bytes = randomBytes(20_000);
    his.resume().end(bytes);
    const read = readAll(hers);
    await settled();
    expect(parts).toHaveLength(1);
    goOn();
    await settled();
    expect(parts).toHaveLength(2);
    expect(hers.bytesReceived).toBe(0);
    let isRead = false;
    void read.then(() => {
      isRead = true;
    });
    for (let turn = 0; turn < 100 && !isRead; turn += 1) {
      goOn();
      await settled();
    }
    expect((await read).equals(bytes)).toBe(true);
    expect(Math.max(...parts)).toBeLessThanOrEqual(4 * 512);
  });

  test('shows nothing of the file below', async () => {
    const { his, hers, below } = sealedInMemory();
    const text = Buffer.from('But, soft! what light through yonder window breaks? '.repeat(2000));
    his.resume().end(text);
    await readAll(hers);
    const seen = Buffer.concat(below.his.written);
    for (let at = 0; at < text.length - 8; at += 997) {
      expect(seen.includes(text.subarray(at, at + 8))).toBe(false);
    }
  });

  test('sends less of what shrinks, and no more of it where that is not wished', async () => {
    const text = Buffer.from('But, soft! what light through yonder window breaks? '.repeat(2000));
    const [deflated, plain] = [sealedInMemory(), sealedInMemory(undefined, { mayDeflate: false })];
    for (const { his, hers, below } of [deflated, plain]) {
      his.resume().end(text);
      expect((await readAll(hers)).equals(text)).toBe(true);
      await settled();
      expect(below.his.written.length).toBeGreaterThan(0);
    }
    expect(deflated.below.his.bytesSent).toBeLessThan(text.length / 10);
    expect(plain.below.his.bytesSent).toBeGreaterThan(text.length);
  });

  test('sends at once what is written', async () => {
    const { his, hers } = sealedInMemory();
    his.write('one');
    const iterator = hers.iterator({ destroyOnReturn: false });
    expect((await iterator.next()).value.toString()).toBe('one');
    his.write('two');
    expect((await iterator.next()).value.toString()).toBe('two');
    hers.abandon();
  });

  test('counts bytes of the file', async () => {
    const { his, hers } = sealedInMemory(undefined, { mayDeflate: false });
    his.resume().write(randomBytes(20_000));
    expect([his.bytesSent, his.bytesUnderWay]).toEqual([0, 20_000]);
    const told = watch(his, 'acknowledged');
    his.end();
    await readAll(hers);
    expect([his.bytesSent, his.bytesUnderWay, hers.bytesReceived]).toEqual([20_000, 0, 20_000]);
    expect(told.count).toBe(2);
  });

  test.each([1, 4096, 16_384, 16_385, 100_000])(
    'sends the last of %i bytes with the end, where it is known how many are to come (R841)',
    async (size) => {
      const bytes = randomBytes(size);
      const messages = Math.ceil(size / 16_384);
      for (const [toCome, count] of [
        [size, messages],
        [undefined, messages + 1],
      ]) {
        const { his, hers, below } = sealedInMemory(undefined, { mayDeflate: false, toCome });
        Readable.from(messagesOf(bytes)).pipe(his.resume());
        expect((await readAll(hers)).equals(bytes)).toBe(true);
        await settled();
        expect(below.his.written).toHaveLength(count as number);
      }
    },
  );

  test('has used what is written when there is room for more (R841)', async () => {
    const bytes = randomBytes(40_000);
    const memory = Buffer.alloc(4000);
    const { his, hers } = sealedInMemory(undefined, { toCome: bytes.length });
    const read = readAll(hers);
    his.resume();
    for (let at = 0; at < bytes.length; at += memory.length) {
      bytes.copy(memory, 0, at);
      if (!his.write(memory)) await once(his, 'drain');
      memory.fill(0);
    }
    his.end();
    expect((await read).equals(bytes)).toBe(true);
  });

  test('brings more than was to come all the same: it is for the recipient to refuse it (R841)', async () => {
    const { his, hers } = sealedInMemory(undefined, { toCome: 3 });
    his.resume().write('abc');
    his.end('d');
    expect((await readAll(hers)).toString()).toBe('abcd');
  });

  test('goes out in one block where the rest of a message is short (R842)', async () => {
    const below = await pairOfBytestreams();
    const seals = pairOfSeals({ mayDeflate: false, toCome: 4096 });
    const [his, hers] = [seals.his.wrap(below.his), seals.hers.wrap(below.hers)];
    his.resume().end(randomBytes(4096));
    expect(await readAll(hers)).toHaveLength(4096);
    expect(below.wire.find(/^romeo: data \d+$/)).toHaveLength(1);
  });

  test('does not wait for the answer to its close when a verdict says that all is there (R843)', async () => {
    const below = await pairOfBytestreams({ blockSize: 4096, halfOpen: true });
    const seals = pairOfSeals({ mayDeflate: false, toCome: 1000 });
    const [his, hers] = [seals.his.wrap(below.his), seals.hers.wrap(below.hers)];
    const finish = watch(his, 'finish');
    his.resume().end(randomBytes(1000));
    await readAll(hers);
    await settled();
    his.assumeTaken(999);
    await settled();
    expect(finish.count).toBe(0);
    his.assumeTaken(1000);
    await settled();
    expect([finish.count, his.bytesSent]).toEqual([1, 1000]);
    hers.abandon();
  });

  test('says that something has come, long before a message is whole (R540)', async () => {
    const below = await pairOfBytestreams({ blockSize: 512, window: 4 });
    const seals = pairOfSeals({ mayDeflate: false });
    const [his, hers] = [seals.his.wrap(below.his), seals.hers.wrap(below.hers)];
    const told = watch(hers, 'arrived');
    his.resume().end(randomBytes(10_000));
    expect(await readAll(hers)).toHaveLength(10_000);
    expect(told.count).toBeGreaterThan(19);
  });

  test('brings a hash before the end, where the offer had none', async () => {
    const { his, hers } = sealedInMemory(undefined, { hasChecksum: true });
    his.resume().write('a file');
    his.tellChecksum('<checksum>…</checksum>');
    his.end();
    expect((await readAll(hers)).toString()).toBe('a file');
    expect(hers.checksum).toBe('<checksum>…</checksum>');
  });

  test('does not end without the hash that was to come', async () => {
    const { his, hers } = sealedInMemory(undefined, { hasChecksum: true });
    his.resume().end('a file');
    await expect(readAll(hers)).rejects.toThrow(ChannelBroken);
    expect(his.errored?.message).toBe('the offer had no hash, and none was told');
  });

  test('takes no hash where the offer had one', () => {
    const { his } = sealedInMemory();
    expect(() => his.tellChecksum('<checksum/>')).toThrow('the offer had a hash');
  });

  test('does not end where the channel below ends before the end of the file (R243)', async () => {
    const { his, hers, below } = sealedInMemory();
    his.resume().write('the beginning');
    const read = readAll(hers);
    read.catch(() => undefined);
    await settled();
    below.his.end();
    await expect(read).rejects.toThrow('the other side broke it off (it closed too early)');
    expect(hers.bytesReceived).toBe('the beginning'.length);
  });

  test('does not end because somebody says elsewhere that it is all (R243)', async () => {
    const { his, hers } = sealedInMemory();
    his.resume().write('the beginning');
    hers.assumeClosed();
    await expect(readAll(hers)).rejects.toThrow(ChannelBroken);
  });

  test('does not end after the bytes that were agreed on without the end (R243)', async () => {
    const { his, hers } = sealedInMemory();
    hers.endAt(3);
    his.resume().write('abc');
    const ended = watch(hers, 'end');
    const read = readAll(hers);
    await settled();
    expect([hers.bytesReceived, ended.count]).toEqual([3, 0]);
    his.end();
    expect((await read).toString()).toBe('abc');
  });

  test('lets its recipient write nothing, and its sender read nothing', async () => {
    const one = sealedInMemory();
    one.hers.write('hello');
    await settled();
    expect(one.hers.errored?.message).toMatch(/sends nothing/);
    const other = sealedInMemory();
    other.his.resume();
    other.below.hers.write('hello');
    await settled();
    expect(other.his.errored).toBeInstanceOf(SealBroken);
  });

  test('is over when the channel below is, whether it is read or not', async () => {
    for (const side of ['his', 'hers'] as const) {
      const channels = sealedInMemory();
      channels.below[side].abandon();
      await settled();
      expect([channels[side].destroyed, channels[side].errored]).toEqual([true, null]);
    }
  });

  test('opens nothing of another handshake', async () => {
    const below = memoryChannels();
    const his = pairOfSeals().his.wrap(below.his);
    const hers = pairOfSeals().hers.wrap(below.hers);
    his.resume().end('a file');
    await expect(readAll(hers)).rejects.toThrow(SealBroken);
    await settled();
    expect(below.hers.destroyed).toBe(true);
  });

  /** Each block is a message: 5 of the file and the end. */
  const FILE = randomBytes(5 * 16_384);
  const altered = (block: Buffer, at: number) => {
    const copy = Buffer.from(block);
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
    return copy;
  };
  const alterations: [string, () => OnItsWay][] = [
    ['changes a length', () => (block, at) => [at === 2 ? altered(block, 1) : block]],
    [
      'makes a length that no message has',
      () => (block, at) => [at === 2 ? altered(block, 0) : block],
    ],
    ['changes a byte', () => (block, at) => [at === 2 ? altered(block, 100) : block]],
    ['changes a tag', () => (block, at) => [at === 2 ? altered(block, block.length - 1) : block]],
    ['repeats a message', () => (block, at) => (at === 2 ? [block, block] : [block])],
    ['drops a message', () => (block, at) => (at === 2 ? [] : [block])],
    ['drops the last bytes', () => (block, at) => (at === 4 ? [] : [block])],
    ['cuts a message', () => (block, at) => [at === 2 ? block.subarray(0, 100) : block]],
    [
      'puts a byte behind the end',
      () => (block, at) => (at === 5 ? [block, Buffer.of(0)] : [block]),
    ],
    [
      'puts a message behind the end',
      () => (block, at) => (at === 5 ? [Buffer.concat([block, block])] : [block]),
    ],
    [
      'swaps two messages',
      () => {
        let held: Buffer | undefined;
        return (block, at) => {
          if (at === 2) held = block;
          return at === 2 ? [] : at === 3 ? [block, held as Buffer] : [block];
        };
      },
    ],
  ];
  test.each([
    ['before it', 0],
    ['in its length', 1],
    ['in its bytes', 100],
  ])(
    'that is cut at any message, %s, was broken off, and nothing altered (R243, R1235)',
    async (_where, kept) => {
      for (let cut = 0; cut <= 5; cut += 1) {
        const { his, hers } = sealedInMemory((block, at) => {
          if (at < cut) return [block];
          return at > cut || kept === 0
            ? []
            : [block.subarray(0, Math.min(kept, block.length - 1))];
        });
        const closed = once(hers, 'close').catch(() => undefined);
        Readable.from(messagesOf(FILE)).pipe(his.resume());
        const chunks: Buffer[] = [];
        hers.on('data', (chunk) => chunks.push(chunk));
        await closed;
        expect(hers.errored).toBeInstanceOf(ChannelBroken);
        expect(hers.errored?.message).toBe('the other side broke it off (it closed too early)');
        expect(Buffer.concat(chunks).equals(FILE.subarray(0, cut * 16_384))).toBe(true);
      }
    },
  );

  test.each(alterations)(
    'breaks when somebody %s, and brings nothing that is wrong (R243)',
    async (_what, onItsWay) => {
      const { his, hers } = sealedInMemory(onItsWay());
      Readable.from(messagesOf(FILE)).pipe(his.resume());
      const chunks: Buffer[] = [];
      hers.on('data', (chunk) => chunks.push(chunk));
      await settled();
      await settled();
      expect(hers.errored).toBeInstanceOf(SealBroken);
      const brought = Buffer.concat(chunks);
      expect(brought.equals(FILE.subarray(0, brought.length))).toBe(true);
    },
  );
});
