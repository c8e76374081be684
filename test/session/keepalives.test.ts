import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../../src/session/connect.js';
import { createCertificateAuthority } from '../support/servers/certificates.js';
import {
  authenticate,
  bind,
  type Login,
  login,
  mechanisms,
  type Script,
  scriptedServer,
  secure,
} from '../support/servers/scripted-server.js';

let directory: string;
let ca: string;
let options: Login;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'inband-keepalives-'));
  const authority = await createCertificateAuthority(directory);
  const { certPath, keyPath } = await authority.issue('localhost');
  const identity = { cert: await readFile(certPath, 'utf8'), key: await readFile(keyPath, 'utf8') };
  ca = authority.pem;
  options = { identity, jid: 'romeo@localhost/orchard', password: 'secret' };
});
afterAll(() => rm(directory, { recursive: true }));

async function online(script: Script) {
  const server = await scriptedServer(script);
  try {
    const session = await connect({
      ...{ account: 'romeo@localhost', password: options.password, ca },
      service: `xmpp://127.0.0.1:${server.port}`,
    });
    return { server, session };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

// A server that writes with Nagle's algorithm says nothing more until its session tickets are acknowledged.
test('sends a keepalive for session tickets that come before the features', async () => {
  const { server, session } = await online(async (peer) => {
    await secure(peer, options);
    await peer.expect(/(?=<stream:stream[^>]*> )/); // and leaves it to be read
    await authenticate(peer, options);
    await bind(peer, options);
  });
  expect(session.jid).toBe(options.jid);
  await server.stop();
});

test('sends a keepalive for what comes after the login and needs no answer (R151)', async () => {
  const { server } = await online(async (peer) => {
    await login(peer, options);
    peer.write("<message from='juliet@localhost/balcony'/>");
    await peer.expect(/^ $/);
    peer.write("<message from='juliet@localhost/balcony'/>");
    await peer.expect(/^ $/);
    peer.destroy();
  });
  await server.peers[0]?.ended;
  await server.stop();
});

test('sends no white space while it logs in (RFC 6120 §6.3.5)', async () => {
  let behindAuth: string | undefined;
  const connecting = online(async (peer) => {
    await secure(peer, options);
    await peer.header(mechanisms('SCRAM-SHA-256'));
    await peer.expect(/<auth[^>]*>[^<]*<\/auth>/);
    await peer.trickle('<challenge');
    await wait(20); // longer than it would wait with a keepalive
    behindAuth = peer.received.tls.split('</auth>')[1];
    peer.destroy();
  });
  await expect(connecting).rejects.toThrow(/^the login was cut short \(/);
  expect(behindAuth).toBe('');
});
