import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { connect } from '../../src/session/connect.js';
import { createCertificateAuthority } from '../support/certificates.js';
import { authenticate, bind, scriptedServer, secure } from '../support/scripted-server.js';

// A server that writes with Nagle's algorithm says nothing more until its session tickets are acknowledged.
test('sends a keepalive for session tickets that come before the features', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'inband-tickets-'));
  const authority = await createCertificateAuthority(directory);
  const { certPath, keyPath } = await authority.issue('localhost');
  const identity = { cert: await readFile(certPath, 'utf8'), key: await readFile(keyPath, 'utf8') };
  const login = { identity, jid: 'romeo@localhost/orchard', password: 'secret' };
  const server = await scriptedServer(async (peer) => {
    await secure(peer, login);
    await peer.expect(/(?=<stream:stream[^>]*> )/); // and leaves it to be read
    await authenticate(peer, login);
    await bind(peer, login);
  });
  const session = await connect({
    ...{ account: 'romeo@localhost', password: login.password, ca: authority.pem },
    service: `xmpp://127.0.0.1:${server.port}`,
  });
  expect(session.jid).toBe(login.jid);
  await server.stop();
  await rm(directory, { recursive: true });
});
