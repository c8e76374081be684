// Whatever ends a connection, wherever: a person is told of it in words of ours. What OpenSSL calls the reason stays.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import tls from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { get } from '../../../src/protocol/http-download/get.js';
import { Put } from '../../../src/protocol/http-upload/put.js';
import { httpsBy } from '../../../src/protocol/network/https.js';
import { systemClock } from '../../../src/session/clock.js';
import { dial } from '../../../src/session/dial/dial.js';
import { parseService } from '../../../src/session/dial/endpoints.js';
import type { NetworkProxy } from '../../../src/session/dial/proxy.js';
import { askHostMeta } from '../../../src/session/discovery/host-meta.js';
import { scriptedProxy } from '../../session/scripted-proxy.js';
import { createCertificateAuthority } from '../../support/servers/certificates.js';
import { readAll } from '../ibb/bytestreams.js';

const never = new AbortController().signal;

let credentials: { ca: string; cert: Buffer; key: Buffer };
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-words-'));
  const ca = await createCertificateAuthority(folder);
  const { certPath, keyPath } = await ca.issue('localhost');
  const [cert, key] = await Promise.all([readFile(certPath), readFile(keyPath)]);
  credentials = { ca: ca.pem, cert, key };
  await rm(folder, { recursive: true });
});

const open: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

/** What was connected, by the client's port. */
const below = new Map<number | undefined, Socket>();

type Behaviour = (socket: Socket) => unknown;

/** A server that does so with each connection; resolves to its port. */
async function serving(behaviour: Behaviour, isSecured: boolean): Promise<number> {
  const sockets = new Set<Socket>();
  const met = (socket: Socket) => {
    socket.on('error', () => undefined);
    behaviour(socket);
  };
  const server = isSecured ? tls.createServer(credentials, met) : net.createServer(met);
  server.prependListener('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
    below.set(socket.remotePort, socket);
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    below.clear();
    server.close();
  };
  open.push({ stop });
  return (server.address() as AddressInfo).port;
}

/** Once something has come. */
const then =
  (act: Behaviour): Behaviour =>
  (socket) =>
    socket.once('data', () => act(socket));
const says =
  (bytes: Buffer | string, after: Behaviour): Behaviour =>
  (socket) =>
    socket.write(bytes, () => after(socket));
const ends: Behaviour = (socket) => socket.end();
/** By the connection below it, if it is secured. */
const resets: Behaviour = (socket) => below.get(socket.remotePort)?.resetAndDestroy();

const IN_THE_CLEAR: Record<string, Behaviour> = {
  'ends at once': ends,
  'resets at once': resets,
  'ends when something has come': then(ends),
  'resets when something has come': then(resets),
  'says what is no TLS': then(says('HTTP/1.1 400 Bad Request\r\n\r\n', ends)),
  'says zeros': then(says(Buffer.alloc(64), ends)),
  'gives an alert': then(says(Buffer.from('15030100020228', 'hex'), ends)),
  'says within TLS that it closes': then(says(Buffer.from('15030100020100', 'hex'), ends)),
  'ends in the middle of TLS': then(says(Buffer.from('1603030050', 'hex'), ends)),
  'resets in the middle of TLS': then(says(Buffer.from('1603030050', 'hex'), resets)),
};

const OK = 'HTTP/1.1 200 OK\r\n';
const SECURED: Record<string, Behaviour> = {
  'ends when it is secured': ends,
  'resets when it is secured': resets,
  'ends when it is asked': then(ends),
  'resets when it is asked': then(resets),
  'says what is no HTTP': then(says('* OK IMAP4 ready\r\n', ends)),
  'says a header that is none': then(says(`${OK}no header\r\n\r\n`, ends)),
  'says headers that are too large': then(says(`${OK}x: ${'y'.repeat(200_000)}\r\n\r\n`, ends)),
  'ends within its header': then(says(OK, ends)),
  'ends within its answer': then(says(`${OK}content-length: 6\r\n\r\nlet`, ends)),
  'resets within its answer': then(says(`${OK}content-length: 6\r\n\r\nlet`, resets)),
  'says chunks that are none': then(
    says(`${OK}transfer-encoding: chunked\r\n\r\nletter\r\n`, ends),
  ),
};

interface Way {
  proxy?: NetworkProxy;
  ca: string;
}
type Attempt = (port: number, way: Way) => Promise<unknown>;

const dialled =
  (service: (port: number) => string): Attempt =>
  (port, way) =>
    dial([parseService(service(port))], { domain: 'localhost', signal: never, ...way });

const uploaded: Attempt = async (port, way) => {
  const at = new URL(`https://localhost:${port}/a`);
  const upload = new Put(
    { put: at, get: at, headers: {} },
    { name: 'a', size: 6, mediaType: 'text/plain' },
    {
      ...{ peer: 'upload.localhost', https: httpsBy(way), clock: systemClock, isAgain: false },
      refused: (status) => new Error(`it refuses (${status})`),
    },
  );
  upload.end('letter');
  await finished(upload);
};

const downloaded: Attempt = async (port, way) => {
  const download = await get(new URL(`https://localhost:${port}/a`), {
    ...{ peer: 'juliet@localhost', https: httpsBy(way), clock: systemClock, signal: never },
    ...{ own: [{ host: 'localhost', port }], offset: 0, size: 6, most: 6 },
    pace: { maxIdleMs: 60_000, periodMs: 60_000, minBytes: 0, lifetimeMs: 60_000 },
    refused: (status) => new Error(`it refuses (${status})`),
    tooLarge: () => new Error('it is too large'),
  });
  await readAll(download);
};

const ATTEMPTS: Record<string, Attempt> = {
  'a stream with STARTTLS': dialled((port) => `xmpp://localhost:${port}`),
  'a stream in TLS': dialled((port) => `xmpps://localhost:${port}`),
  'a WebSocket': dialled((port) => `wss://localhost:${port}/xmpp`),
  'host-meta': (port, way) =>
    askHostMeta(new URL(`https://localhost:${port}`), { signal: never, ...way }),
  'an upload': uploaded,
  'a download': downloaded,
};

/** How each begins. */
const OURS =
  /^(cannot (connect to|get the host-meta of)|what|the (up|down)load (to|from)) localhost\b|^localhost:\d+/;

/** Codes, and what Node, its parser of HTTP, and the system say. */
const RAW =
  /\b(E[A-Z]{4,}|ERR_\w+|HPE_\w+)\b|parse error|network socket|socket hang|aborted|premature|header|chunk|expected|getaddrinfo|secure TLS|\b(read|write|connect) E|routines|undefined|\[object/i;

describe.each(['directly', 'by a proxy'])('%s', (way) => {
  describe.each(Object.entries(ATTEMPTS))('%s', (name, attempt) => {
    test.each([
      ...Object.entries(IN_THE_CLEAR).map(([name, one]) => [name, one, false] as const),
      ...Object.entries(SECURED).map(([name, one]) => [name, one, true] as const),
    ])(
      'is told of in words of ours where the server %s (R1332)',
      async (_what, behaviour, isSecured) => {
        const port = await serving(behaviour, isSecured);
        const by = way === 'directly' ? undefined : await scriptedProxy(() => port);
        if (by) open.push(by);
        const { ca } = credentials;
        const outcome = await attempt(port, by ? { ca, proxy: by.proxy } : { ca }).then(
          () => 'done',
          (error: Error) => error.message,
        );
        // What comes behind TLS is not looked at by whoever opens a stream.
        const isOpen = isSecured && name === 'a stream in TLS';
        const isTaken = isSecured && name === 'an upload' && outcome === 'done';
        if (isOpen || isTaken) expect(outcome).toBe('done');
        else expect(outcome).toMatch(OURS);
        expect(outcome).not.toMatch(RAW);
      },
    );
  });
});
