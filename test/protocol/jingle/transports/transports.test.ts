import { describe } from '@jest/globals';
import type { InBandBytestreams } from '../../../../src/protocol/ibb/in-band-bytestreams.js';
import { ibbTransport } from '../../../../src/protocol/jingle/transports/ibb.js';
import { transport as ibbElement } from '../../../../src/protocol/jingle/transports/ibb-stanzas.js';
import type { Transport } from '../../../../src/protocol/jingle/transports/transport.js';
import { type Element, xml } from '../../../../src/session/xml.js';
import { pairOfServices, unattended } from '../../ibb/bytestreams.js';
import { pipeTransport } from './pipe-transport.js';
import { holdsTransport, type Sides } from './transport-suite.js';

type Create = (bytestreams: InBandBytestreams) => Transport;

/** Bytes; a block of Juliet's in `prepareNarrow`. */
const NARROW = 512;

function sidesOf(create: Create, maxBlockSize?: number): Sides {
  const { romeo, juliet } = pairOfServices(maxBlockSize === undefined ? {} : { maxBlockSize });
  let taken = 0;
  juliet.onBytestream = (stream) => {
    unattended(stream);
    taken += 1;
  };
  return { his: create(romeo), hers: create(juliet), taken: () => taken };
}

const prepareBy = (create: Create) => ({
  prepare: () => sidesOf(create),
  prepareNarrow: () => sidesOf(create, NARROW),
});

describe('in-band bytestreams (R127, R282)', () => {
  holdsTransport({
    ...prepareBy(ibbTransport),
    asksMore: ({ name, attrs }: Element) =>
      xml(name, { ...attrs, 'block-size': Number(attrs['block-size']) + 1 }),
    // Only a sid of ours says that it was announced.
    foreign: ibbElement({ sid: 's1', blockSize: 4096, stanza: 'iq' }),
  });
});

describe('the pipe of these tests (R127, R282)', () => {
  holdsTransport(prepareBy(pipeTransport));
});
