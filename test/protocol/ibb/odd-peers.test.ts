import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ChannelBroken, ChannelLost } from '../../../src/protocol/channel.js';
import { BlocksIgnored } from '../../../src/protocol/ibb/sending/stall-watch.js';
import type { ServiceSettings } from '../../../src/protocol/ibb/settings.js';
import { settled } from '../../support/manual-clock.js';
import { pattern, unattended } from './bytestreams.js';
import { coccinella, type OddPeer, xmpp4r } from './odd-peers.js';

afterEach(() => {
  jest.useRealTimers();
});

/** The time of requests, beside that of the clock that bytestreams have. */
const freezeRequests = () =>
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });

/** Lets so much time pass for both. */
async function pass({ clock }: OddPeer, ms: number): Promise<void> {
  const step = 1_000;
  for (let passed = 0; passed < ms; passed += step) {
    jest.advanceTimersByTime(step);
    await clock.advance(step);
  }
}

/** What the stream ended with: `done` when its end was acknowledged. */
const endOf = (stream: NodeJS.WritableStream) =>
  new Promise<Error | 'done'>((resolve) => {
    stream.once('error', resolve);
    stream.once('finish', () => resolve('done'));
  });

const SETTINGS: Partial<ServiceSettings> = { blockSize: 16 };

describe('a peer that knows blocks in messages alone (Coccinella)', () => {
  test.each([1, 4, 'auto'] as const)(
    'gets them so from the first one on, at window %s (R76)',
    async (window) => {
      const peer = coccinella();
      const bytes = pattern(1000);
      const stream = unattended(await peer.open({ ...SETTINGS, window }));
      stream.resume().end(bytes);
      expect(await endOf(stream)).toBe('done');
      expect(Buffer.concat(peer.inMessages)).toEqual(bytes);
      expect(peer.seqs).toEqual([...Array(63).keys()]);
      expect(stream).toMatchObject({ stanza: 'message', closeAcknowledged: true, bytesSent: 1000 });
    },
  );

  test('gets them in iqs alone where that was asked for, and the transfer ends (R76)', async () => {
    const peer = coccinella();
    const stream = unattended(await peer.open({ ...SETTINGS, stanza: 'iq' }));
    stream.end(pattern(100));
    expect(await endOf(stream)).toBeInstanceOf(ChannelBroken);
    expect(peer.inMessages).toEqual([]);
  });

  test('is not what one is taken for that has acknowledged a block (R76)', async () => {
    const peer = coccinella(1);
    const stream = unattended(await peer.open({ ...SETTINGS, window: 1 }));
    stream.end(pattern(100));
    expect(await endOf(stream)).toMatchObject({ cause: { condition: 'feature-not-implemented' } });
    expect(peer.inMessages).toEqual([]);
  });

  test('is not what one is taken for that takes a block behind the one refused (R76)', async () => {
    const peer = coccinella(({ seq }) => seq === 1);
    const stream = unattended(await peer.open({ ...SETTINGS, window: 4 }));
    stream.end(pattern(100));
    expect(await endOf(stream)).toBeInstanceOf(ChannelLost);
    expect(peer.inMessages).toEqual([]);
  });
});

describe('a peer that answers neither blocks nor pings, but what it can do (xmpp4r)', () => {
  test('gets blocks in messages, paced by that (R76)', async () => {
    freezeRequests();
    const peer = xmpp4r(['disco', 'close']);
    const bytes = pattern(100);
    const stream = unattended(await peer.open({ ...SETTINGS, stanza: 'message' }));
    stream.resume().end(bytes);
    await pass(peer, 11_000);
    expect(stream.closeAcknowledged).toBe(true);
    expect(Buffer.concat(peer.inMessages)).toEqual(bytes);
  });

  test('ends a transfer in iqs within a minute, with what may help (R76)', async () => {
    freezeRequests();
    const peer = xmpp4r(['disco']);
    const stream = unattended(await peer.open(SETTINGS));
    stream.end(pattern(100));
    await pass(peer, 60_000);
    expect(stream.errored).toBeInstanceOf(BlocksIgnored);
    expect(stream.errored?.message).toBe('the recipient is there, and does not answer the blocks');
  });

  test('is let be where it has acknowledged a block, for two minutes', async () => {
    freezeRequests();
    const peer = xmpp4r(['disco'], 1);
    const stream = unattended(await peer.open({ ...SETTINGS, window: 1 }));
    stream.end(pattern(100));
    await pass(peer, 119_000);
    expect(stream.errored).toBeNull();
    await pass(peer, 12_000);
    expect(stream.errored).toBeInstanceOf(ChannelLost);
  });

  test('is no other where it answers nothing at all: the first question ends after 20 s (R76)', async () => {
    freezeRequests();
    const peer = xmpp4r([]);
    const stream = unattended(await peer.open({ ...SETTINGS, stanza: 'message' }));
    stream.end(pattern(100));
    await pass(peer, 21_000);
    expect(stream.errored).toBeInstanceOf(ChannelLost);
    expect(stream.errored?.message).toBe('the recipient answers nothing, not even a ping');
    // But for the block out of sequence that breaks it off.
    await settled();
    expect(peer.seqs).not.toContain(0);
  });
});
