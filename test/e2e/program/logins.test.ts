import { afterEach, describe, expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

/** The JID of a login by STARTTLS, and of one by direct TLS. */
async function logIns(starting: Promise<TestServer>): Promise<string[]> {
  const server = await starting;
  running.push(server);
  const { jid, password } = server.account('alice');
  const { ca } = server;
  const jids: string[] = [];
  for (const service of [server.service, server.directTlsService]) {
    const session = await connect({ account: `${jid}/x`, password, service, ca });
    jids.push(session.jid);
    await session.close();
  }
  return jids;
}

const BOTH = ['alice@localhost/x', 'alice@localhost/x'];

(HAS_PEERS ? describe : describe.skip)('ejabberd', () => {
  test.each(['sha512', 'sha256', 'sha'] as const)(
    'that keeps what SCRAM with %s needs, and no more, lets us in (R102)',
    async (scramHash) => {
      expect(await logIns(startEjabberd({ scramHash }))).toEqual(BOTH);
    },
  );

  test('as Debian ships it, with -PLUS by tls-unique alone, lets us in (R103)', async () => {
    expect(await logIns(startEjabberd())).toEqual(BOTH);
  });

  test('without -PLUS lets us in (R103)', async () => {
    expect(await logIns(startEjabberd({ withoutPlus: true }))).toEqual(BOTH);
  });
});

describe('Prosody', () => {
  test.each(['internal_hashed', 'internal_plain'] as const)(
    'with %s lets us in',
    async (authentication) => {
      expect(await logIns(startProsody({ authentication }))).toEqual(BOTH);
    },
  );
});
