import { describe, expect, test } from '@jest/globals';
import { withDefaults } from '../../../src/protocol/ibb/given-settings.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { DEFAULTS, type ServiceSettings } from '../../../src/protocol/ibb/settings.js';
import type { LeastPace } from '../../../src/protocol/ibb/watch-peer.js';
import { JingleFileTransfers } from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import { JULIET, linkedSessions } from '../../support/linked-sessions.js';

const absent = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, undefined]));

describe('settings of bytestreams', () => {
  test('that are undefined are as if they were absent (R1157)', async () => {
    const [romeo, juliet] = linkedSessions();
    const service = new InBandBytestreams(romeo, absent);
    expect(service.settings).toEqual(DEFAULTS);
    new InBandBytestreams(juliet, { sessionLimit: 1 });
    const stream = await service.open(JULIET, absent);
    expect(stream.inBlocks.blockSize).toBeGreaterThan(0);
    expect(stream.stanza).toBe('iq');
    stream.abandon();
    await Promise.all([romeo.close(), juliet.close()]);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ blockSize: 65_536 }, 'blockSize is to be 1 to 65535 bytes, or auto, not 65536'],
    [{ blockSize: '4096' }, 'blockSize is to be 1 to 65535 bytes, or auto, not 4096'],
    [{ largestAutoBlock: 0 }, 'largestAutoBlock is to be 1 byte or more, not 0'],
    [{ window: 0 }, 'window is to be 1 block or more, or auto, not 0'],
    [{ window: 1.5 }, 'window is to be 1 block or more, or auto, not 1.5'],
    [{ stanza: 'presence' }, 'stanza is to be iq, message or auto, not presence'],
    [{ maxRetries: -1 }, 'maxRetries is to be 0 times or more, not -1'],
    [{ initialWait: Number.NaN }, 'initialWait is to be 0 seconds or more, not NaN'],
    [{ waitFactor: 0 }, 'waitFactor is to be more than 0, not 0'],
    [{ maxBlockSize: 0 }, 'maxBlockSize is to be 1 to 65535 bytes, not 0'],
    [{ mostTaken: null }, 'mostTaken is to be 1 byte or more, not null'],
    [{ sessionLimit: -1 }, 'sessionLimit is to be 0 bytestreams or more, not -1'],
    [{ mostTaken: '1' }, 'mostTaken is to be 1 byte or more, not 1'],
  ])('%j are refused before anything is sent (R1157)', async (given, message) => {
    const [romeo] = linkedSessions();
    const error = new RangeError(message);
    const settings = given as Partial<ServiceSettings>;
    expect(() => withDefaults(DEFAULTS, settings)).toThrow(error);
    expect(() => new InBandBytestreams(romeo, settings)).toThrow(error);
    const bytestreams = new InBandBytestreams(romeo);
    await expect(bytestreams.open(JULIET, settings)).rejects.toThrow(error);
    const transfers = new JingleFileTransfers(romeo, [ibbTransport(bytestreams)]);
    const file = { name: 'letter', size: 6 };
    await expect(transfers.offer(JULIET, file, settings)).rejects.toThrow(error);
    const si = new SiFileTransfers(romeo, bytestreams);
    await expect(si.offer(JULIET, file, settings)).rejects.toThrow(error);
    await romeo.close();
  });

  const PACE = { maxIdleMs: 120_000, minBytes: 0, periodMs: 900_000, lifetimeMs: 86_400_000 };

  test.each<[unknown, string]>([
    [null, 'pace is to be a LeastPace, not null'],
    [60_000, 'pace is to be a LeastPace, not 60000'],
    [
      { ...PACE, maxIdleMs: Number.NaN },
      'pace.maxIdleMs is to be more than 0 milliseconds, not NaN',
    ],
    [
      { ...PACE, maxIdleMs: undefined },
      'pace.maxIdleMs is to be more than 0 milliseconds, not undefined',
    ],
    [{ ...PACE, periodMs: -1 }, 'pace.periodMs is to be more than 0 milliseconds, not -1'],
    [
      { ...PACE, lifetimeMs: '1' },
      'pace.lifetimeMs is to be more than 0 milliseconds, not of type string',
    ],
    [{ ...PACE, minBytes: Number.NaN }, 'pace.minBytes is to be 0 bytes or more, not NaN'],
    [{ ...PACE, minBytes: -1 }, 'pace.minBytes is to be 0 bytes or more, not -1'],
    [{ ...PACE, idlesWhileSilent: 1 }, 'pace.idlesWhileSilent is to be true or false, not 1'],
  ])('with the pace %j are refused (R1281)', async (given, message) => {
    const [romeo] = linkedSessions();
    const pace = given as LeastPace;
    expect(() => new InBandBytestreams(romeo, { pace })).toThrow(new RangeError(message));
    await romeo.close();
  });

  test('with a pace that is inherited, or has no end, are as they are given (R1281)', () => {
    const endless = { ...PACE, lifetimeMs: Number.POSITIVE_INFINITY, idlesWhileSilent: undefined };
    const { pace } = withDefaults(DEFAULTS, { pace: Object.create(endless) });
    expect({ ...pace }).toEqual(endless);
  });

  test('may be without an end where there may be one', () => {
    const endless = {
      maxRetries: Number.POSITIVE_INFINITY,
      sessionLimit: Number.POSITIVE_INFINITY,
    };
    expect(withDefaults(DEFAULTS, endless)).toMatchObject(endless);
  });
});
