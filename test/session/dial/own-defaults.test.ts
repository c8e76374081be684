import { once } from 'node:events';
import {
  type AddressInfo,
  createServer,
  getDefaultAutoSelectFamily,
  type LookupFunction,
  setDefaultAutoSelectFamily,
} from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { dial } from '../../../src/session/dial/dial.js';
import { beginRequest } from '../../../src/session/dial/https-request.js';
import { tlsSettings } from '../../../src/session/stream/certificates.js';

const never = new AbortController().signal;
const before = getDefaultAutoSelectFamily();

// What a flag of Node's does.
beforeEach(() => setDefaultAutoSelectFamily(false));
afterEach(() => setDefaultAutoSelectFamily(before));

/** Nobody listens at the first of its addresses. */
const lookup: LookupFunction = (_host, _options, told) =>
  told(
    null,
    ['127.0.0.9', '127.0.0.1'].map((address) => ({ address, family: 4 })),
  );

test.each<[string, (port: number) => Promise<unknown>]>([
  [
    'XMPP',
    (port) =>
      dial([{ host: 'montague.example', port, directTls: true }], {
        ...{ domain: 'montague.example', signal: never, lookup },
      }),
  ],
  [
    'HTTPS',
    (port) => {
      const url = new URL(`https://montague.example:${port}/`);
      const head = { method: 'GET', headers: {} } as const;
      return once(beginRequest(url, head, tlsSettings({}), { lookup }).end(), 'response');
    },
  ],
])(
  'a host is reached by %s at its second address, whatever flags Node has (R1227)',
  async (_what, reach) => {
    const server = createServer((socket) => socket.on('error', () => undefined).destroy());
    const reached = once(server.listen(0, '127.0.0.1'), 'connection');
    await once(server, 'listening');
    const outcome = reach((server.address() as AddressInfo).port).catch((error: Error) => error);
    try {
      expect(await Promise.race([reached.then(() => 'reached'), outcome])).toBe('reached');
    } finally {
      server.close();
    }
  },
);
