import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { exitCodeOf, textOf } from '../../../src/failures.js';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { type Network, systemNetwork } from '../../../src/protocol/network/network.js';
import { connect } from '../../../src/session/connect.js';
import type { Connect } from '../../../src/transfer/connect.js';
import type { Event } from '../../../src/transfer/events.js';
import type { LaneWanted } from '../../../src/transfer/lane/lane.js';
import { receiveFiles } from '../../../src/transfer/receiving/daemon.js';
import { sendAll } from '../../../src/transfer/sending/send-all.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { workFor } from '../../support/programs/work.js';
import { keyOfNumber, receivingBy, sendingBy } from '../../support/sealing.js';
import { type Prosody, startProsody } from '../../support/servers/prosody.js';
import { smallFile } from '../../transfer/sending/linked-inboxes.js';

const BYTES = randomBytes(300_000);

/** Where the proxies say that they are: no address of this machine, as that of a stranger's proxy must not be. */
const PUBLIC = '11.0.0.7';

/** Leads to this machine what may be connected to, as it is judged by the address that was told. */
const tried: string[] = [];
const network: Network = {
  ...systemNetwork(),
  ownAddresses: () => [],
  connect: ({ host, port }, allows, signal) => {
    if (host !== PUBLIC || !allows(host)) throw new Error(`${host} must not be connected to`);
    tried.push(`${host}:${port}`);
    return systemNetwork().connect({ host: '127.0.0.1', port }, () => true, signal);
  },
};

// Other systems than Linux have one loopback address.
const onManyAddresses = process.platform === 'linux' ? describe : describe.skip;

onManyAddresses('between accounts on two servers', () => {
  const servers = {} as Record<'one' | 'other' | 'without', Prosody>;
  beforeAll(async () => {
    const withProxy = () => startProsody({ federated: true, proxy: true, proxyAddress: PUBLIC });
    const all = [withProxy(), withProxy(), startProsody({ federated: true })];
    const [one, other, without] = await Promise.all(all);
    Object.assign(servers, { one, other, without });
  });
  afterAll(() => Promise.all(Object.values(servers).map((server) => server.stop())));
  afterEach(() => void tried.splice(0));

  const as =
    (server: Prosody, name: string, resource: string): Connect =>
    (how) =>
      connect({
        ...how,
        ...{ account: `${server.account(name).jid}/${resource}`, ca: server.ca },
        ...{ password: server.account(name).password, service: server.service },
      });

  /** Alice of one server sends a file to Bob of another, who lets her in by her name. */
  async function sent(near: Prosody, far: Prosody, direct: LaneWanted['direct']) {
    const over = new AbortController();
    const [inbox, events] = [new MemoryInbox(), [] as Event[]];
    let isOnline: () => void = () => undefined;
    const online = new Promise<void>((resolve) => {
      isOnline = resolve;
    });
    const lane = { direct, network };
    const receiving = receiveFiles({
      ...{ connect: as(far, 'bob', 'inband'), renew: async () => false, lane },
      ...{ inbox, registry: new HandlerRegistry(), work: workFor(inbox), once: true },
      ...{ signal: over.signal, now: () => new Date(), exitCodeOf: () => 1, maxTransfers: 4 },
      sealing: receivingBy({ encrypt: 'auto', own: keyOfNumber(2) }),
      allow: [near.account('alice').jid],
      report: (event) => {
        if (event.event === 'state' && event.state === 'online') isOnline();
      },
    });
    receiving.catch(() => undefined); // it is waited for below, unless she has failed before
    await Promise.race([online, receiving]);
    await sendAll([smallFile('film.mkv', BYTES)], [`${far.account('bob').jid}/inband`], {
      ...{ connect: as(near, 'alice', 'sender'), settings: DEFAULT_SETTINGS, transport: 'auto' },
      ...{ lane, acceptTimeout: 30_000, retryFor: 0, again: false, signal: over.signal },
      sealing: sendingBy({ encrypt: 'auto', own: async () => keyOfNumber(1) }),
      report: (event) => events.push(event),
      explain: (error) => ({ text: textOf(error), exitCode: exitCodeOf(error), isOurs: true }),
    }).catch((error) => {
      over.abort(error);
      throw error;
    });
    // It ends by itself behind the file, of which she may hear first.
    await receiving;
    expect(inbox.files.get('film.mkv')?.equals(BYTES)).toBe(true);
    return events.find(({ event }) => event === 'done');
  }

  test.each([
    ["the sender's server", 'one', 'without', 'one'],
    ["the recipient's server", 'without', 'one', 'one'],
    ['both servers, that of the sender first,', 'one', 'other', 'one'],
  ] as const)('a file goes by the proxy of %s, sealed (R897)', async (_whose, near, far, whose) => {
    const done = await sent(servers[near], servers[far], 'proxies');
    const lane = `proxy.${servers[whose].domain}`;
    expect(done).toMatchObject({ lane, encrypted: true });
    expect(new Set(tried)).toContain(`${PUBLIC}:${servers[whose].proxyPort}`);
  });

  test.each(['never', 'own'] as const)(
    'with --direct %s nobody connects to a proxy of another server, and the file goes in-band (R897)',
    async (direct) => {
      const done = await sent(servers.one, servers.without, direct);
      expect(done).toMatchObject({ encrypted: true });
      expect(done).not.toHaveProperty('lane');
      expect(tried).toEqual([]);
    },
  );
});
