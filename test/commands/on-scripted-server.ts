import { EventEmitter, once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { runInband } from '../support/programs/inband.js';
import type { Running } from '../support/programs/process.js';
import { createCertificateAuthority } from '../support/servers/certificates.js';
import { login, type Peer, scriptedServer } from '../support/servers/scripted-server.js';

const BOB = 'bob@localhost/inband';
const PASSWORD = 'secret';

/**
 * Starts the built program as bob on a server that the test plays. The function returned gives the
 * program, and the server's end of its connection when the login is done. To be called once, at the top of a
 * test file.
 */
export function onScriptedServer(): (args: string[]) => Promise<[Running, Peer]> {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  return async (args) => {
    const folder = await mkdtemp(join(tmpdir(), 'inband-commands-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const ca = await createCertificateAuthority(folder);
    const { certPath, keyPath } = await ca.issue('localhost');
    const [cert, key] = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')]);
    const logins = new EventEmitter();
    const server = await scriptedServer(async (peer) => {
      await login(peer, { identity: { cert, key }, jid: BOB, password: PASSWORD });
      logins.emit('done', peer);
    });
    cleanups.push(server.stop);
    const env = {
      INBAND_ACCOUNT: 'bob@localhost',
      INBAND_PASSWORD: PASSWORD,
      INBAND_SERVICE: `xmpp://127.0.0.1:${server.port}`,
      INBAND_TLS_CA: ca.certPath,
    };
    const running = runInband(args, { home: folder, cwd: folder, env });
    cleanups.push(() => running.stop('SIGKILL'));
    const [peer] = await once(logins, 'done');
    return [running, peer];
  };
}
