import { describe, expect, test } from '@jest/globals';
import { withDefaults } from '../../../src/protocol/ibb/given-settings.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { DEFAULTS, type ServiceSettings } from '../../../src/protocol/ibb/settings.js';
import { JingleFileTransfers } from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
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
  ])('%j are refused before anything is sent (R1157)', async (given, message) => {
    const [romeo] = linkedSessions();
    const error = new RangeError(message);
    const settings = given as Partial<ServiceSettings>;
    expect(() => withDefaults(DEFAULTS, settings)).toThrow(error);
    expect(() => new InBandBytestreams(romeo, settings)).toThrow(error);
    const bytestreams = new InBandBytestreams(romeo);
    await expect(bytestreams.open(JULIET, settings)).rejects.toThrow(error);
    const transfers = new JingleFileTransfers(romeo, [ibbTransport(bytestreams)]);
    await expect(transfers.offer(JULIET, { name: 'letter' }, settings)).rejects.toThrow(error);
    await romeo.close();
  });

  test('may be without an end where there may be one', () => {
    const endless = {
      maxRetries: Number.POSITIVE_INFINITY,
      sessionLimit: Number.POSITIVE_INFINITY,
    };
    expect(withDefaults(DEFAULTS, endless)).toMatchObject(endless);
  });
});
