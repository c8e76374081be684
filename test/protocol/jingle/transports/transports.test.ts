import { describe } from '@jest/globals';
import { ibbTransport } from '../../../../src/protocol/jingle/transports/ibb.js';
import { pairOfServices } from '../../ibb/bytestreams.js';
import { pipeTransport } from './pipe-transport.js';
import { holdsTransport } from './transport-suite.js';

describe.each([
  ['in-band bytestreams (R127)', ibbTransport],
  ['the pipe of these tests (R127)', pipeTransport],
])('%s', (_name, create) => {
  holdsTransport(() => {
    const { romeo, juliet } = pairOfServices();
    return { his: create(romeo), hers: create(juliet) };
  });
});
