import { describe, expect, test } from '@jest/globals';
import { NotAuthorized } from '../../../src/session/login/sasl.js';
import type { Login, Peer } from '../../support/servers/scripted-server.js';
import { login } from '../../support/servers/scripted-server.js';
import {
  honest,
  JID,
  meet,
  online,
  only,
  prepareHostileServers,
} from '../hostile-server/hostile-server.js';

prepareHostileServers();

const ALL = ['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((name) => [
  name,
  `${name}-PLUS`,
]);
const EXPORTER = ['tls-unique', 'tls-exporter'];

/** What the client says first of the binding: the mechanism, and the flag of RFC 5802 §6. */
function saidBy({ received }: Peer): [string | undefined, string | undefined] {
  const [, mechanism, initial = ''] =
    /<auth[^>]*mechanism="([^"]*)"[^>]*>([^<]*)</.exec(received.tls) ?? [];
  const [flag] = Buffer.from(initial, 'base64').toString().split(',');
  return [mechanism, flag];
}

const onTls12 = (): Partial<Login> => ({ identity: { ...honest.identity, maxVersion: 'TLSv1.2' } });

describe('a login is bound to its connection', () => {
  test.each([
    ['SCRAM-SHA-1-PLUS', ['SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS']],
    ['SCRAM-SHA-256-PLUS', ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS']],
    ['SCRAM-SHA-512-PLUS', [...ALL, 'PLAIN']],
    ['SCRAM-SHA-1-PLUS', ['SCRAM-SHA-512', 'SCRAM-SHA-1-PLUS']],
  ] as const)(
    'by tls-exporter on TLS 1.3, where that is announced: %s (R103)',
    async (mechanism, offered) => {
      const server = { mechanism, offered: [...offered], announced: EXPORTER, hasPlus: true };
      const [session, peer] = await online({ allowPlain: true }, server);
      expect(session.jid).toBe(JID);
      expect(saidBy(peer)).toEqual([mechanism, 'p=tls-exporter']);
    },
  );

  test('by tls-server-end-point on TLS 1.2 (R103)', async () => {
    const announced = ['tls-exporter', 'tls-server-end-point'];
    const mechanism = 'SCRAM-SHA-512-PLUS';
    const [, peer] = await online({}, { ...onTls12(), mechanism, offered: ALL, announced });
    expect(saidBy(peer)).toEqual([mechanism, 'p=tls-server-end-point']);
  });
});

describe('a login is not bound, and says "n",', () => {
  const mechanism = 'SCRAM-SHA-512';

  test.each([
    ['unannounced', []],
    ['announced for tls-unique alone', ['tls-unique']],
    ['announced for what is of TLS 1.2', ['tls-server-end-point']],
  ])('where -PLUS is offered %s (R103)', async (_, announced) => {
    const [, peer] = await online({}, { mechanism, offered: ALL, announced, hasPlus: true });
    expect(saidBy(peer)).toEqual([mechanism, 'n']);
  });

  test('by an exporter on TLS 1.2 (R103)', async () => {
    const [, peer] = await online(
      {},
      { ...onTls12(), mechanism, offered: ALL, announced: EXPORTER, hasPlus: true },
    );
    expect(saidBy(peer)).toEqual([mechanism, 'n']);
  });
});

test('a login says "y" where no -PLUS is offered (R103)', async () => {
  const [, peer] = await online({}, { announced: EXPORTER });
  expect(saidBy(peer)).toEqual(['SCRAM-SHA-256', 'y']);
});

test('a server whose offer of -PLUS was taken away on the way notices it (R103)', async () => {
  const deceived = { ...honest, announced: EXPORTER, hasPlus: true };
  const { server, outcome } = await meet((peer) => login(peer, deceived));
  await expect(outcome).rejects.toBeInstanceOf(NotAuthorized);
  expect(saidBy(only(server))).toEqual(['SCRAM-SHA-256', 'y']);
});

test.each([
  ['TLS 1.3', () => ({})],
  ['TLS 1.2', onTls12],
])(
  'a login over another connection of %s fails, and is not tried without a binding (R103)',
  async (_, version) => {
    const channel = Buffer.alloc(32, 'another');
    const announced = ['tls-exporter', 'tls-server-end-point'];
    const mechanism = 'SCRAM-SHA-512-PLUS';
    const { server, outcome } = await meet((peer) =>
      login(peer, { ...honest, ...version(), mechanism, offered: ALL, announced, channel }),
    );
    await expect(outcome).rejects.toBeInstanceOf(NotAuthorized);
    const peer = only(server);
    await peer.ended;
    expect(peer.received.tls.match(/<auth/g)).toHaveLength(1);
  },
);
