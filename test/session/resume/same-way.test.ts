import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { webSocketEndpoint } from '../../../src/session/dial/endpoints.js';
import { Resumption } from '../../../src/session/resume/resumption.js';
import { StreamManagement } from '../../../src/session/resume/stream-management.js';
import { xml } from '../../../src/session/xml.js';
import { createCertificateAuthority } from '../../support/servers/certificates.js';
import { authenticate, BIND, type Login } from '../../support/servers/scripted-server.js';
import { readIdentity } from '../hostile-server/hostile-server.js';
import { webSocketServer } from '../hostile-server/web-socket-server.js';

const DOMAIN = 'montague.example';
const NS_SM = 'urn:xmpp:sm:3';
const PASSWORD = 'a rose by any other name';

/** The server answers each login with the session that it kept. */
async function serverWithSession(folder: string) {
  const ca = await createCertificateAuthority(folder);
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
  return { ca, server };
}

test('a session that came by the WebSocket of a domain is resumed by it, each time (R1130)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-same-way-'));
  const { ca, server } = await serverWithSession(folder);
  try {
    const url = new URL(`wss://127.0.0.1:${server.port}/xmpp`);
    const enabled = xml('enabled', { xmlns: NS_SM, id: 'resume-me', resume: 'true' });
    const resumption = Resumption.from(enabled, {
      // No service is named, and DNS knows nothing of such a domain.
      login: { account: `romeo@${DOMAIN}`, password: PASSWORD, ca: ca.pem },
      endpoint: webSocketEndpoint(url),
      ...{ timeout: 30_000, signal: new AbortController().signal },
      ...{ clock: { now: () => 0, sleep: async () => undefined }, random: () => 0 },
    });
    const management = new StreamManagement(() => undefined);
    for (const count of [1, 2]) {
      management.handled();
      const resumed = await resumption?.run(management);
      expect(resumed?.resumed.attrs.previd).toBe('resume-me');
      expect(server.peers).toHaveLength(count);
      resumed?.stream.fail(new Error('cut'));
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
});
