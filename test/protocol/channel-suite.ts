import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { type Channel, ChannelBroken, ChannelOverrun } from '../../src/protocol/channel.js';
import { settled } from '../support/manual-clock.js';
import { errorOf, pattern, readAll, unattended, watch } from './ibb/bytestreams.js';

/** Bytes that no channel takes for a peer who reads none. */
const BOUND = 1024 * 1024;

/** The two ends of a channel: he has opened it, she has taken it. */
export interface Ends {
  his: Channel;
  hers: Channel;
  /** Lets some seconds pass, where the channel goes by the time. */
  pass?(): Promise<void>;
}

interface ChannelSuite {
  /** It carries bytes from him to her alone, and ends by what was sealed, and by nothing that is said elsewhere. */
  isSealed?: boolean;
  /**
   * It is a connection of its own, which the peer sees end, however that ends. It acknowledges by itself, and tells
   * nobody when.
   */
  isConnection?: boolean;
}

/** Holds a kind of channel to what `Channel` says; called within a `describe`. `join` resolves to a new one. */
export function holdsChannel(
  join: () => Promise<Ends>,
  { isSealed = false, isConnection = false }: ChannelSuite = {},
): void {
  const BYTES = pattern(1000);

  async function joined(): Promise<Ends> {
    const { his, hers, pass } = await join();
    return { his: unattended(his), hers: unattended(hers), pass };
  }

  test('names the peers, who are each other', async () => {
    const { his, hers } = await joined();
    expect(his.peer).toMatch(/^\S+@\S+\/\S+$/);
    expect(hers.peer).toMatch(/^\S+@\S+\/\S+$/);
    expect(his.peer).not.toBe(hers.peer);
  });

  test('counts what was handed to the reader, and what the peer has acknowledged', async () => {
    const { his, hers } = await joined();
    const told = watch(his, 'acknowledged');
    his.resume().write(BYTES);
    await settled();
    expect(hers.bytesReceived).toBe(0);
    his.end();
    await readAll(hers);
    await settled();
    expect([hers.bytesReceived, his.bytesSent, his.bytesUnderWay]).toEqual([1000, 1000, 0]);
    expect(told.count).toBeGreaterThan(0);
  });

  test('stays open for the one who has taken it, until the close is acknowledged', async () => {
    const { his, hers } = await joined();
    const finish = watch(his, 'finish');
    his.resume().end(BYTES);
    await readAll(hers);
    await settled();
    expect([hers.writableEnded, finish.count, his.closeAcknowledged]).toEqual([false, 0, false]);
    await hers.acknowledgeClose();
    await settled();
    expect([finish.count, his.closeAcknowledged]).toEqual([1, true]);
  });

  test('is read by a loop to its end, and stays open for our own close (R1158)', async () => {
    const { his, hers } = await joined();
    his.resume().end(BYTES);
    const parts: Buffer[] = [];
    for await (const part of hers) parts.push(part);
    expect(Buffer.concat(parts)).toEqual(BYTES);
    expect(hers.destroyed).toBe(false);
    await hers.acknowledgeClose();
    await settled();
    expect(his.closeAcknowledged).toBe(true);
  });

  test('is broken off by a loop that is left before its end (R1158)', async () => {
    const { his, hers } = await joined();
    his.resume().write(BYTES);
    for await (const _ of hers) break;
    await settled();
    expect([hers.destroyed, his.destroyed]).toEqual([true, true]);
  });

  test('closes for the one who has opened it when the peer closes, and confirms nothing', async () => {
    const { his, hers } = await joined();
    const close = watch(his, 'close');
    his.resume();
    hers.end();
    await his.peerClosed;
    await settled();
    expect([close.count, his.closeAcknowledged, his.errored]).toEqual([1, false, null]);
  });

  test('breaks when there are more than were agreed on', async () => {
    const { his, hers } = await joined();
    hers.endAt(999);
    his.write(BYTES);
    await expect(readAll(hers)).rejects.toThrow(ChannelOverrun);
    expect(hers.bytesReceived).toBeLessThan(1000);
  });

  test('does not end for the reader when it is broken off before the end', async () => {
    const { his, hers } = await joined();
    hers.endAt(2000);
    his.write(BYTES);
    const read = readAll(hers);
    read.catch(() => undefined);
    await settled();
    his.destroy(new Error('enough'));
    await expect(read).rejects.toThrow(ChannelBroken);
    await hers.peerClosed;
  });

  test('tells what has left and was not acknowledged', async () => {
    const { his, hers } = await joined();
    his.resume().end(BYTES);
    if (!isConnection) await settled();
    expect(his.bytesSent).toBe(0);
    expect(his.bytesUnderWay).toBeGreaterThan(0);
    expect(his.bytesUnderWay).toBeLessThanOrEqual(1000);
    await readAll(hers);
    await settled();
    expect([his.bytesSent, his.bytesUnderWay]).toEqual([1000, 0]);
  });

  test('lets nobody write without bound who is not read', async () => {
    const { his, hers } = await joined();
    const drain = watch(his, 'drain');
    let written = 0;
    for (let isOpen = true; isOpen && written < BOUND; ) {
      written += BYTES.length;
      // What repeats itself could be deflated, and a megabyte of it be nothing on the way.
      if (his.write(randomBytes(BYTES.length))) continue;
      const before = drain.count;
      await settled();
      isOpen = drain.count > before;
    }
    expect(written).toBeLessThan(BOUND);
    hers.abandon();
  });

  test.each(['his', 'hers'] as const)(
    'is abandoned without a word to the peer, who sees no end: %s',
    async (side) => {
      const both = await joined();
      const { [side]: left, [side === 'his' ? 'hers' : 'his']: other } = both;
      const read = watch(other.resume(), 'end');
      let isPeerClosed = false;
      void other.peerClosed.then(() => {
        isPeerClosed = true;
      });
      left.abandon();
      await settled();
      expect([left.destroyed, other.destroyed, read.count, isPeerClosed]).toEqual([
        ...[true, isConnection],
        ...[0, isConnection],
      ]);
      expect(other.errored === null).toBe(!isConnection);
    },
  );

  test('ends at once where it is abandoned, with the error that it is given', async () => {
    const { his, hers } = await joined();
    const [error, closed] = [errorOf(hers), watch(hers, 'close')];
    hers.abandon(new Error('gone'));
    expect((await error).message).toBe('gone');
    await hers.peerClosed;
    expect(closed.count).toBe(1);
    await hers.acknowledgeClose();
    his.destroy();
  });

  if (isSealed) return;

  test.each(['before', 'after'])(
    'counts its close as acknowledged where the peer has said elsewhere, %s it, that it has all (R220)',
    async (when) => {
      const { his, hers } = await joined();
      const finish = watch(his, 'finish');
      if (when === 'before') his.assumeTaken(1000);
      his.resume().end(BYTES);
      await readAll(hers);
      await settled();
      expect(finish.count).toBe(when === 'before' ? 1 : 0);
      his.assumeTaken(1000);
      await settled();
      expect([finish.count, his.closeAcknowledged]).toEqual([1, true]);
      await hers.peerClosed; // the close has come all the same
    },
  );

  test('waits for the answer to its close where the peer has said that it has less', async () => {
    const { his, hers } = await joined();
    const finish = watch(his, 'finish');
    his.assumeTaken(999);
    his.resume().end(BYTES);
    await readAll(hers);
    await settled();
    expect([finish.count, his.closeAcknowledged]).toEqual([0, false]);
  });

  test('carries bytes both ways, whole and in their order', async () => {
    const { his, hers } = await joined();
    his.end(BYTES);
    hers.end(Buffer.from(BYTES).reverse());
    const [hisOwn, herOwn] = await Promise.all([readAll(hers), readAll(his)]);
    expect([hisOwn, herOwn]).toEqual([BYTES, Buffer.from(BYTES).reverse()]);
  });

  test('ends after the bytes that were agreed on, without a close', async () => {
    const { his, hers } = await joined();
    hers.endAt(1000);
    his.write(BYTES);
    expect(await readAll(hers)).toEqual(BYTES);
    expect(his.closeAcknowledged).toBe(false);
  });

  test('ends for the reader where the peer has said elsewhere that nothing more comes', async () => {
    const { his, hers, pass } = await joined();
    his.write(BYTES);
    const read = readAll(hers);
    await settled();
    hers.assumeClosed();
    await pass?.();
    expect(await read).toEqual(BYTES);
    await hers.peerClosed;
  });
}
