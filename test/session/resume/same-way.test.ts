import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import {
  type Endpoint,
  ownEndpoint,
  webSocketEndpoint,
} from '../../../src/session/dial/endpoints.js';
import type { NetworkProxy } from '../../../src/session/dial/proxy.js';
import { Resumption } from '../../../src/session/resume/resumption.js';
import { StreamManagement } from '../../../src/session/resume/stream-management.js';
import { xml } from '../../../src/session/xml.js';
import { startHttpsServer } from '../../protocol/network/https-server.js';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../support/servers/certificates.js';
import { authenticate, BIND, type Login } from '../../support/servers/scripted-server.js';
import { readIdentity } from '../hostile-server/hostile-server.js';
import { webSocketServer } from '../hostile-server/web-socket-server.js';
import { scriptedProxy } from '../scripted-proxy.js';

const DOMAIN = 'montague.example';
const NS_SM = 'urn:xmpp:sm:3';
const PASSWORD = 'a rose by any other name';

let folder: string;
let ca: CertificateAuthority;
const open: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-same-way-'));
  ca = await createCertificateAuthority(folder);
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});
afterAll(() => rm(folder, { recursive: true }));

const opened = <Opened extends { stop(): Promise<void> }>(one: Opened): Opened => {
  open.push(one);
  return one;
};

/** The server answers each login with the session that it kept. */
async function serverWithSession() {
  const identity = await readIdentity(ca.issue(DOMAIN));
  const login: Login = { identity, jid: `romeo@${DOMAIN}/orchard`, password: PASSWORD };
  const server = await webSocketServer(
    async (peer) => {
      await authenticate(peer, login);
      await peer.header(`${BIND}<sm xmlns='${NS_SM}'/>`);
      await peer.expect(/<resume[^>]*>/);
      peer.write(`<resumed xmlns='${NS_SM}' previd='resume-me' h='0'/>`);
    },
    { identity },
  );
  return opened(server);
}

/** Resumes a session again and again; `endpoint`: what it was connected to at first. */
function resuming(endpoint: Endpoint, trusted: string, proxy?: NetworkProxy) {
  const enabled = xml('enabled', { xmlns: NS_SM, id: 'resume-me', resume: 'true' });
  const resumption = Resumption.from(enabled, {
    // No service is named, and DNS knows nothing of such a domain.
    login: { account: `romeo@${DOMAIN}`, password: PASSWORD, ca: trusted, proxy },
    endpoint,
    ...{ timeout: 30_000, signal: new AbortController().signal },
    ...{ clock: { now: () => 0, sleep: async () => undefined }, random: () => 0 },
  });
  const management = new StreamManagement(() => undefined);
  return async () => {
    management.handled();
    const resumed = await resumption?.run(management);
    expect(resumed?.resumed.attrs.previd).toBe('resume-me');
    resumed?.stream.fail(new Error('cut'));
  };
}

test('a session that came by the WebSocket of a domain is resumed by it, each time (R1130)', async () => {
  const server = await serverWithSession();
  const url = new URL(`wss://127.0.0.1:${server.port}/xmpp`);
  const resume = resuming(webSocketEndpoint(url), ca.pem);
  for (const count of [1, 2]) {
    await resume();
    expect(server.peers).toHaveLength(count);
  }
});

test('one that had to go back by a WebSocket goes by that one from then on (R1229)', async () => {
  const server = await serverWithSession();
  const web = opened(
    await startHttpsServer(
      (_request, response) =>
        void response.end(
          `<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'><Link rel='urn:xmpp:alt-connections:websocket' href='wss://chat.example/xmpp'/></XRD>`,
        ),
      DOMAIN,
    ),
  );
  const ports: Record<string, number> = {
    [`${DOMAIN}:443`]: web.port,
    'chat.example:443': server.port,
  };
  const network = opened(await scriptedProxy((target) => ports[target]));
  const resume = resuming(ownEndpoint(DOMAIN), ca.pem + web.ca, network.proxy);
  await resume();
  expect(network.asked).toEqual([`${DOMAIN}:5222`, `${DOMAIN}:443`, 'chat.example:443']);
  await resume();
  expect(network.asked.slice(3)).toEqual(['chat.example:443']);
});
