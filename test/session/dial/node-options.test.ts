import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { start } from '../../support/programs/process.js';
import { createCertificateAuthority } from '../../support/servers/certificates.js';

const ASKER = fileURLToPath(new URL('asker.ts', import.meta.url));

/** A line of the answer at each path. */
const LINES: Record<string, string> = {
  '/fine': 'X: x',
  '/large': `X: ${'x'.repeat(20_000)}`,
  '/odd': 'X: \u0001',
};

/** What a request is answered by: a WebSocket where it asks for one. */
function answerTo(request: string): string {
  const [, path = ''] = request.split(' ');
  const [, key] = /^Sec-WebSocket-Key: (.*)\r$/im.exec(request) ?? [];
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const lines = key
    ? [
        ...['HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: websocket'],
        ...[`Sec-WebSocket-Accept: ${accept.digest('base64')}`, 'Sec-WebSocket-Protocol: xmpp'],
      ]
    : ['HTTP/1.1 200 OK', 'Content-Length: 0'];
  return `${[...lines, LINES[path]].join('\r\n')}\r\n\r\n`;
}

test('no option of Node has an answer by HTTP taken that is too large, or none (R1221)', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'inband-node-options-'));
  try {
    const ca = await createCertificateAuthority(directory);
    const { certPath, keyPath } = await ca.issue('localhost');
    const [cert, key] = await Promise.all([certPath, keyPath].map((path) => readFile(path)));
    const server = createServer({ cert, key }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (request) => socket.write(answerTo(String(request))));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const paths = Object.keys(LINES);
    const asker = start(
      process.execPath,
      ['--import', 'tsx', ASKER, `${port}`, ca.certPath, ...paths],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: '--insecure-http-parser --max-http-header-size=1000000',
        },
        stdin: '',
      },
    );
    const { code } = await asker.exited;
    server.close();
    expect({ code, stderr: asker.stderr() }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(asker.stdout())).toEqual({
      '/fine': ['answered', 'opened'],
      '/large': ['HPE_HEADER_OVERFLOW', 'HPE_HEADER_OVERFLOW'],
      '/odd': ['HPE_INVALID_HEADER_TOKEN', 'HPE_INVALID_HEADER_TOKEN'],
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});
