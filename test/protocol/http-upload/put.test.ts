import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { afterEach, expect, test } from '@jest/globals';
import { ChannelLost } from '../../../src/protocol/channel.js';
import { Put } from '../../../src/protocol/http-upload/put.js';
import { UnusableSlot } from '../../../src/protocol/http-upload/stanzas.js';
import { httpsBy } from '../../../src/protocol/network/https.js';
import { type NetworkProxy, parseProxy } from '../../../src/session/dial/proxy.js';
import { ServerNotTrusted } from '../../../src/session/stream/connection-errors.js';
import { ManualClock } from '../../support/manual-clock.js';
import { readAll } from '../ibb/bytestreams.js';
import { type HttpsServer, startHttpsServer } from '../network/https-server.js';
import { knowingNoInvalid } from '../network/no-such-host.js';

class Refused extends Error {}

const servers: HttpsServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Situation {
  size: number;
  headers?: Record<string, string[]>;
  /** The name in the server's certificate. */
  name?: string;
  /** The CA that is believed. */
  ca?: string;
  isAgain?: boolean;
  proxy?: NetworkProxy;
}

/** A file of so many bytes on its way to a server of the test's. */
async function putting(answer: Answer, { size, headers = {}, name }: Situation) {
  const server = await startHttpsServer(answer, name);
  servers.push(server);
  return { ...uploading(server.origin, { size, headers, ca: server.ca }), server };
}

function uploading(
  origin: string,
  { size, headers = {}, ca, isAgain = false, proxy }: Omit<Situation, 'name'>,
) {
  const clock = new ManualClock();
  const [put, get] = [new URL('/slot/a', origin), new URL('/a', origin)];
  const file = { name: 'a', size, mediaType: 'text/plain' };
  const upload = new Put({ put, get, headers }, file, {
    ...{
      peer: 'upload.montague.example',
      https: knowingNoInvalid(httpsBy({ ca, proxy })),
      clock,
      isAgain,
    },
    refused: (status) => new Refused(`${status}`),
  });
  return { upload, clock };
}

/** Takes it whole, and answers. */
const taking =
  (seen: { bytes?: Buffer; request?: IncomingMessage }, status = 201): Answer =>
  async (request, response) => {
    seen.request = request;
    seen.bytes = await readAll(request);
    response.writeHead(status).end();
  };

const BYTES = randomBytes(300_000);

test.each([0, 1, 65_536, 65_537, 300_000])(
  'brings %i bytes, and is done when the server has them (R722)',
  async (size) => {
    const seen: { bytes?: Buffer } = {};
    const { upload } = await putting(taking(seen), { size });
    let told = 0;
    upload.on('acknowledged', () => {
      told = upload.bytesSent;
    });
    upload.end(BYTES.subarray(0, size));
    await finished(upload);
    expect(seen.bytes).toEqual(BYTES.subarray(0, size));
    expect([told, upload.bytesSent, upload.bytesUnderWay]).toEqual([size, size, 0]);
    expect(upload.peer).toBe('upload.montague.example');
  },
);

test('says what it was told to say, and nothing that names us (R722)', async () => {
  const seen: { request?: IncomingMessage } = {};
  const headers = { authorization: ['Bearer a'], cookie: ['b=c', 'd=e'], expires: ['f', 'g'] };
  const { upload, server } = await putting(taking(seen), { size: 1, headers });
  upload.end('x');
  await finished(upload);
  const { method, url, rawHeaders = [] } = seen.request ?? {};
  expect([method, url]).toEqual(['PUT', '/slot/a']);
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  const said = names.map((name, index) => `${name}: ${rawHeaders[2 * index + 1]}`);
  expect(said.map((line) => line.toLowerCase()).sort()).toEqual([
    'authorization: bearer a',
    'connection: close',
    'content-length: 1',
    'content-type: text/plain',
    'cookie: b=c; d=e',
    'expires: f',
    'expires: g',
    `host: localhost:${server.port}`,
  ]);
});

test('a yes behind the last byte may come before our end (R722)', async () => {
  let answered = () => {};
  const isAnswered = new Promise<void>((resolve) => {
    answered = resolve;
  });
  const { upload } = await putting(
    (request, response) => {
      request.resume().on('end', () => response.writeHead(201).end(answered));
    },
    { size: 1 },
  );
  upload.write('x');
  await isAnswered;
  upload.end();
  await finished(upload);
});

test.each([200, 201, 204])('takes %i for a yes (R722)', async (status) => {
  const { upload } = await putting(taking({}, status), { size: 1 });
  upload.end('x');
  await finished(upload);
});

test.each([202, 206, 302, 307, 401, 403, 409, 410, 413, 500, 503])(
  'hands on %i, of which none is a yes (R722)',
  async (status) => {
    const { upload } = await putting(taking({}, status), { size: 1 });
    upload.end('x');
    await expect(finished(upload)).rejects.toThrow(new Refused(`${status}`));
  },
);

test('goes nowhere else, wherever it is sent (R722)', async () => {
  const seen: { request?: IncomingMessage } = {};
  const other = await startHttpsServer(taking(seen));
  servers.push(other);
  const { upload } = await putting(
    (request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(307, { location: other.origin }).end());
    },
    { size: 1 },
  );
  upload.end('x');
  await expect(finished(upload)).rejects.toThrow(Refused);
  expect(seen.request).toBeUndefined();
});

test.each([201, 413])('an answer of %i before the last byte is no yes (R722)', async (status) => {
  const { upload } = await putting((_request, response) => response.writeHead(status).end(), {
    size: 2,
  });
  upload.write('x');
  await expect(finished(upload)).rejects.toThrow(new Refused(`${status}`));
});

test('a cut is no answer (R722)', async () => {
  const { upload, server } = await putting(
    (request) => void request.once('data', () => server.cut()),
    {
      size: 2,
    },
  );
  upload.write('x');
  const why = await finished(upload).catch((error) => error);
  expect(why).toBeInstanceOf(ChannelLost);
  expect(why.message).toMatch(/^the upload to localhost:\d+ was cut off \(.+\)$/);
});

test('a server that is not there is one that may come back (R722, R1100)', async () => {
  const { server } = await putting(() => undefined, { size: 1 });
  await server.stop();
  servers.length = 0;
  const { upload } = uploading(server.origin, { size: 1, ca: server.ca });
  await expect(finished(upload)).rejects.toThrow(
    /^localhost:\d+ gave no answer \(nothing listens there/,
  );
});

// What the system has taken may leave as slowly as 64 KiB in a minute.
test.each([
  [1, 2],
  [300_000, 6],
  [4_000_000, 15],
])(
  'an answer to %i bytes is waited for %i minutes, in which they may still leave (R722)',
  async (size, minutes) => {
    const arrived: Promise<unknown>[] = [];
    const { upload, clock } = await putting((request) => void arrived.push(readAll(request)), {
      size,
    });
    upload.end(Buffer.alloc(size));
    while (upload.bytesSent < size) await once(upload, 'acknowledged');
    await clock.advance(minutes * 60_000 - 1);
    expect(upload.destroyed).toBe(false);
    const failed = expect(finished(upload)).rejects.toThrow(/does not answer$/);
    await clock.advance(1);
    await failed;
  },
);

test('nor for one that takes no byte, whatever it is that does not answer (R722)', async () => {
  const accepted: Socket[] = [];
  const silent = createServer((socket) => void accepted.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const { upload, clock } = uploading(`https://127.0.0.1:${port}`, { size: 1 });
  upload.end('x');
  const failed = expect(finished(upload)).rejects.toThrow(/does not answer$/);
  await clock.advance(60_000);
  await failed;
  // Nobody reads from it, and so nobody sees that its other end is gone.
  for (const socket of accepted) socket.destroy();
  silent.close();
});

test('a proxy that does not answer is told of in place of the server, and ends nothing else (R1274, R1278)', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const proxy = parseProxy(`socks5://127.0.0.1:${port}`);
  const { upload, clock } = uploading('https://upload.example', { size: 1, proxy });
  upload.end('x');
  const failed = expect(finished(upload)).rejects.toThrow(
    new ChannelLost(`the proxy 127.0.0.1 port ${port} does not answer`),
  );
  await clock.advance(60_000);
  await failed;
  silent.close();
});

test('a certificate of somebody else, or of nobody known, is none (R722)', async () => {
  const seen: { bytes?: Buffer } = {};
  const { upload: misnamed } = await putting(taking(seen), { size: 1, name: 'evil.example' });
  misnamed.end('x');
  await expect(finished(misnamed)).rejects.toThrow(ServerNotTrusted);
  const server = await startHttpsServer(taking(seen));
  servers.push(server);
  const { upload: unknown } = uploading(server.origin, { size: 1 });
  unknown.end('x');
  await expect(finished(unknown)).rejects.toThrow(
    /the certificate of localhost:\d+ is not trusted/,
  );
  expect(seen.bytes).toBeUndefined();
});

test('a host that does not exist, or refuses TLS, cannot be used, and is not tried again (R1236)', async () => {
  const clear = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .resume()
      .end('HTTP/1.1 400\r\n\r\n'),
  );
  clear.listen(0, '127.0.0.1');
  await once(clear, 'listening');
  const { port } = clear.address() as AddressInfo;
  const cases = {
    'https://upload.invalid': 'there is no such name',
    [`https://127.0.0.1:${port}`]: 'wrong version number',
  };
  for (const [origin, why] of Object.entries(cases)) {
    const { upload } = uploading(origin, { size: 1 });
    upload.end('x');
    const error = await finished(upload).catch((reason) => reason);
    expect(error).toBeInstanceOf(UnusableSlot);
    const { host } = new URL(origin);
    expect(error.message).toBe(`${host}, where the upload is to go, cannot be used (${why})`);
  }
  clear.close();
});

test('where an attempt was cut before, it is our network that may be gone (R1236)', async () => {
  const { upload } = uploading('https://upload.invalid', { size: 1, isAgain: true });
  upload.end('x');
  await expect(finished(upload)).rejects.toThrow(ChannelLost);
});
