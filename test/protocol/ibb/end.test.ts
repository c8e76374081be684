import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { ChannelBroken, CloseUnconfirmed } from '../../../src/protocol/channel.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import * as stanzas from '../../../src/protocol/ibb/stanzas.js';
import { RequestTimeout } from '../../../src/session/requests.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import type { Element } from '../../../src/session/xml.js';
import { JULIET, linkedSessions, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import {
  bytestreamToScript,
  errorOf,
  pairOfBytestreams,
  pattern,
  readAll,
  scriptToService,
  watch,
} from './bytestreams.js';

describe('the end', () => {
  test('is reached when the close was acknowledged, and not before (R11)', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ blockSize: 4, halfOpen: true });
    const finish = watch(his, 'finish');
    his.resume().end('word');
    await settled();
    expect([wire.lines, finish.count]).toEqual([['romeo: data 0'], 0]);
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
    const { his, hers, wire } = await pairOfBytestreams({ halfOpen: true });
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

  test('may be said by both sides at once (R48)', async () => {
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

  /** Of a bytestream all of whose blocks were acknowledged: the error when the close is answered by the script. */
  async function errorOfClose(answer: (close: Element) => Promise<undefined>) {
    const [romeo, juliet] = linkedSessions();
    for (const name of ['open', 'data'])
      juliet.handle('set', stanzas.NS_IBB, name, () => undefined);
    juliet.handle('set', stanzas.NS_IBB, 'close', answer);
    const stream = await new InBandBytestreams(romeo).open(JULIET);
    stream.resume().end('all of it');
    const error = await errorOf(stream);
    expect(stream.bytesSent).toBe(9);
    return error;
  }

  test('is not believed when it was refused', async () => {
    const error = await errorOfClose(async () => {
      throw new StanzaError('cancel', 'not-acceptable');
    });
    expect(error).toBeInstanceOf(ChannelBroken);
    expect(error).not.toBeInstanceOf(CloseUnconfirmed);
    expect(error).toMatchObject({ unsent: 0, cause: { condition: 'not-acceptable' } });
  });

  test('of what the peer knows no more is not confirmed', async () => {
    const error = await errorOfClose(async () => {
      throw new StanzaError('cancel', 'item-not-found');
    });
    expect(error).toBeInstanceOf(CloseUnconfirmed);
    expect(error).toMatchObject({ unsent: 0, cause: { condition: 'item-not-found' } });
  });

  test('that is not answered within a minute is not confirmed', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const error = await errorOfClose(() => {
        setImmediate(() => jest.advanceTimersByTime(60_000));
        return new Promise(() => undefined);
      });
      expect(error).toBeInstanceOf(CloseUnconfirmed);
      expect(error).toMatchObject({ unsent: 0, cause: expect.any(RequestTimeout) });
    } finally {
      jest.useRealTimers();
    }
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
    expect(error).toBeInstanceOf(ChannelBroken);
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

describe('an end that was agreed on elsewhere', () => {
  /** Hers ends after so many bytes; what she does with the end is said by hand. */
  async function endingAt(bytes: number) {
    const pair = await pairOfBytestreams({ blockSize: 4, window: 4, halfOpen: true });
    pair.hers.endAt(bytes);
    return pair;
  }

  test.each([0, 1, 4, 8, 9])('is reached without a close, after %s bytes', async (size) => {
    const { his, hers, wire } = await endingAt(size);
    const bytes = pattern(size);
    if (size > 0) his.write(bytes);
    expect(await readAll(hers)).toEqual(bytes);
    await settled();
    expect(his.bytesSent).toBe(size);
    expect(wire.find(/close/)).toEqual([]);
  });

  test('may have been reached before', async () => {
    const { his, hers } = await pairOfBytestreams({ blockSize: 4, window: 4, halfOpen: true });
    his.write('1234');
    await settled();
    hers.endAt(4);
    expect(await readAll(hers)).toEqual(Buffer.from('1234'));
  });

  test('lets a close come that is acknowledged when the reader says so, and not before', async () => {
    const { his, hers, wire } = await endingAt(4);
    his.end('1234');
    await readAll(hers);
    await settled();
    expect(wire.find('juliet: close taken')).toEqual([]);
    hers.acknowledgeClose();
    await settled();
    expect(wire.find('juliet: close taken')).toHaveLength(1);
    expect(his.closeAcknowledged).toBe(true);
    expect(wire.find('juliet: close')).toEqual([]);
  });

  test('waits for no close of a bytestream that has ended', async () => {
    const { his, hers } = await endingAt(4);
    his.write('1234');
    await readAll(hers);
    const closed = hers.acknowledgeClose();
    hers.abandon();
    await closed;
    await hers.acknowledgeClose();
  });

  test('lets a close come later, which is acknowledged then', async () => {
    const { his, hers, wire } = await endingAt(4);
    his.write('1234');
    await readAll(hers);
    hers.acknowledgeClose();
    his.end();
    await settled();
    expect(wire.find('juliet: close taken')).toHaveLength(1);
    expect(wire.find('juliet: close')).toEqual([]);
  });

  test('is broken by more bytes, of which none is taken (R17)', async () => {
    const { his, hers } = await endingAt(6);
    const failed = Promise.all([errorOf(his), errorOf(hers)]);
    his.write('12345678');
    const [hisError, hersError] = await failed;
    expect(hisError).toBeInstanceOf(ChannelBroken);
    expect(hersError).toBeInstanceOf(ChannelBroken);
    expect(hers.incoming.bytes).toBe(4);
  });

  test('does not hide a close that comes too early', async () => {
    const { his, hers } = await endingAt(6);
    his.end('1234');
    expect(await readAll(hers)).toEqual(Buffer.from('1234'));
    expect(hers.bytesReceived).toBe(4);
  });

  test('lets the bytestream be abandoned after it, without a word', async () => {
    const { his, hers, wire } = await endingAt(4);
    his.write('1234');
    await readAll(hers);
    hers.abandon();
    await settled();
    expect(wire.find(/^juliet: (close|data)$/)).toEqual([]);
    expect(hers.destroyed).toBe(true);
  });
});
