import { describe } from '@jest/globals';
import { holdsChannel } from './channel-suite.js';
import { pairOfBytestreams } from './ibb/bytestreams.js';

describe.each([
  ['in iqs', 'iq'],
  ['in messages', 'message'],
] as const)('an in-band bytestream %s (R125, R283)', (_name, stanza) => {
  holdsChannel(() =>
    pairOfBytestreams({ blockSize: 64, window: 4, halfOpen: true, stanza }, { stanza }),
  );
});
