import { once } from 'node:events';
import { dial } from '../../../src/session/dial/dial.js';
import { logIn } from '../../../src/session/login/login.js';
import { XmppStream } from '../../../src/session/stream/xmpp-stream.js';
import { TcpWire } from '../../../src/session/wires/tcp-wire.js';
import { DOMAIN, HOST, type TestServer } from './server.js';

/** One who writes what it likes, and sees the very text that the server writes. */
export interface RawClient {
  write(text: string): void;
  /** What has come since the last match, up to the end of this one; waits for it. */
  until(pattern: RegExp): Promise<string>;
  close(): void;
}

/** Logs in as an account of a server, under the resource given. */
export async function logInRaw(
  server: TestServer,
  name: string,
  resource: string,
): Promise<RawClient> {
  const { password } = server.account(name);
  const endpoint = { host: HOST, port: server.port, directTls: false };
  const signal = AbortSignal.timeout(30_000);
  const { socket } = await dial([endpoint], { domain: DOMAIN, ca: server.ca, signal });
  const credentials = { domain: DOMAIN, username: name, password, allowPlain: false };
  await logIn(new XmppStream(new TcpWire(socket)), credentials);
  socket.removeAllListeners('data');
  let unread = '';
  socket.on('data', (chunk) => {
    unread += chunk.toString();
  });
  const client: RawClient = {
    write: (text) => void socket.write(text),
    until: async (pattern) => {
      for (;;) {
        const match = pattern.exec(unread);
        if (match) {
          const end = match.index + match[0].length;
          const text = unread.slice(0, end);
          unread = unread.slice(end);
          return text;
        }
        await once(socket, 'data', { signal });
      }
    },
    close: () => void socket.destroy(),
  };
  const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind>`;
  client.write(`<iq type='set' id='bind'>${bind}</iq>`);
  await client.until(/<\/iq>/);
  return client;
}
