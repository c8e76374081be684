import { describe, expect, test } from '@jest/globals';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { JingleFileTransfers } from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import { bareOffer, jingleOffer, siOffer } from '../../../src/transfer/receiving/receive-file.js';
import { WAY_NAMES, type WayName } from '../../../src/transfer/ways/names.js';
import { openWays, UNADVERTISED, WAYS } from '../../../src/transfer/ways/ways.js';
import { linkedSessions } from '../../support/linked-sessions.js';
import { describeWay, type Listen } from './way-suite.js';

/** How somebody takes files, by the way that they come. */
const LISTEN: Record<WayName, Listen> = {
  jingle: (session, bytestreams, take) => {
    new JingleFileTransfers(session, [ibbTransport(bytestreams)]).onOffer = (file) =>
      take(jingleOffer(file));
  },
  si: (session, bytestreams, take) => {
    new SiFileTransfers(session, bytestreams).onOffer = (file) => take(siOffer(file));
  },
  ibb: (_session, bytestreams, take) => {
    bytestreams.onBytestream = (stream) => take(bareOffer(stream, new Date(0)));
  },
};

describe('each of them is what it says (R139)', () => {
  for (const way of WAYS) describeWay(way, LISTEN[way.name]);
});

describe('the list of ways', () => {
  test('has each name once, best first, and no features twice', () => {
    expect(WAYS.map(({ name }) => name)).toEqual(WAY_NAMES);
    expect(new Set(WAYS.map(({ features }) => features.join())).size).toBe(WAYS.length);
    expect(UNADVERTISED.map(({ name }) => name)).toEqual(['ibb']);
  });

  test('is ready on a session as a whole', () => {
    const [session] = linkedSessions();
    expect([...openWays(session, new InBandBytestreams(session)).keys()]).toEqual(WAYS);
  });
});
