// Asks a server for what is at each path, and for a WebSocket there; prints what came of it, as JSON.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { beginRequest } from '../../../src/session/dial/https-request.js';
import { openWebSocket } from '../../../src/session/dial/web-socket.js';

const [port = '', caPath = '', ...paths] = process.argv.slice(2);
const ca = await readFile(caPath, 'utf8');

async function outcome(path: string, ask: (url: URL) => Promise<string>): Promise<string> {
  return ask(new URL(path, `https://localhost:${port}`)).catch(
    ({ code, message }) => code ?? message,
  );
}

async function byHttps(url: URL): Promise<string> {
  const asked = beginRequest(url, { method: 'GET', headers: {} }, { ca }, {});
  asked.end();
  await once(asked, 'response').finally(() => asked.destroy());
  return 'answered';
}

async function byWebSocket(url: URL): Promise<string> {
  const socket = connect({ host: url.hostname, port: Number(url.port), ca });
  await once(socket, 'secureConnect');
  await openWebSocket(socket, url, AbortSignal.timeout(30_000));
  socket.destroy();
  return 'opened';
}

const told: Record<string, string[]> = {};
for (const path of paths) {
  told[path] = [await outcome(path, byHttps), await outcome(path, byWebSocket)];
}
process.stdout.write(JSON.stringify(told));
