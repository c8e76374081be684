import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { exitCodeOf, hintsOf, meetsAll, textOf } from '../../../src/failures.js';
import { NS_JINGLE_S5B } from '../../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';
import type { Event } from '../../../src/transfer/events.js';
import type { WantedTransport } from '../../../src/transfer/lane/names.js';
import { sendAll } from '../../../src/transfer/sending/send-all.js';
import type { Source } from '../../../src/transfer/sources/source.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import { MemoryInternet, ownAddress } from '../../protocol/network/memory-network.js';
import { type Break, type ProxyFaults, TestProxy } from '../../protocol/socks5/proxy.js';
import { servicesOf } from '../../protocol/socks5/server.js';
import { JULIET } from '../../support/linked-sessions.js';
import { ManualClock } from '../../support/manual-clock.js';
import { keyOfNumber, receivingBy, sendingBy } from '../../support/sealing.js';
import { linkedToInbox } from '../sending/linked-inboxes.js';

const NAME = 'film.mkv';
const BYTES = randomBytes(200_000);
const PROXY = 'proxy.montague.example';

/** As long as a file may take that is stalled twice, a minute or two each, and then goes in-band. */
const LONGEST_MS = 6 * 60_000;

const film = (): Source & { close(): Promise<void> } => ({
  ...{ name: NAME, size: BYTES.length, close: async () => undefined },
  read: async function* (offset) {
    for (let at = offset; at < BYTES.length; at += 20_000) yield BYTES.subarray(at, at + 20_000);
  },
});

interface Options {
  faults: ProxyFaults;
  transport?: WantedTransport;
  /** Files, of which each has the same bytes. */
  count?: number;
}

/** Romeo sends Juliet films by a proxy that does so; what is told, what arrives, and how long it took. */
async function sent({ faults, transport = 'auto', count = 1 }: Options) {
  const ends = new AbortController();
  const [clock, internet] = [new ManualClock(), new MemoryInternet()];
  const proxy = new TestProxy(PROXY, '11.0.0.7', 5000);
  proxy.faults = faults;
  internet.at(proxy.host, proxy.port, proxy.connected);
  const lane = (address: string) =>
    ({ direct: 'proxies', network: internet.of([ownAddress(address)]), clock }) as const;
  let offers = 0;
  const { romeo, inbox, halfTrip } = await linkedToInbox(
    {
      onStanza: (stanza) => {
        const isOffer = stanza.getChild('jingle')?.attrs.action === 'session-initiate';
        if (isOffer && stanza.toString().includes(NS_JINGLE_S5B)) offers += 1;
      },
      ...{ places: 4, lane: lane('11.0.2.2'), services: servicesOf(proxy) },
      sealing: receivingBy({ encrypt: 'auto', own: keyOfNumber(2) }),
    },
    ends.signal,
  );
  const events: Event[] = [];
  let isOver = false;
  const sources = Array.from({ length: count }, film);
  const sending = sendAll(sources, [JULIET], {
    ...{ via: 'auto', settings: DEFAULT_SETTINGS, acceptTimeout: 10_000, retryFor: 900_000 },
    ...{ connect: async () => romeo, signal: ends.signal, again: true, transport, clock },
    lane: lane('11.0.1.1'),
    sealing: sendingBy({ encrypt: 'auto', own: async () => keyOfNumber(1), mayDeflate: false }),
    report: (event) => events.push(event),
    explain: (error) => ({
      ...{ text: textOf(error), hints: hintsOf(error) },
      ...{ exitCode: exitCodeOf(error), isOurs: meetsAll(error) },
    }),
  })
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  while (!isOver && clock.now() < LONGEST_MS) {
    await halfTrip();
    await clock.advance(500);
  }
  const isInTime = isOver;
  ends.abort();
  while (!isOver) await halfTrip();
  await sending;
  const named = (name: Event['event']) => events.filter(({ event }) => event === name);
  return { isInTime, inbox, proxy, named, beside: () => offers };
}

/** The film is there, once, and went in-band in the end. */
function arrivedInBand({ isInTime, inbox, named }: Awaited<ReturnType<typeof sent>>): void {
  expect(named('failed')).toEqual([]);
  expect(isInTime).toBe(true);
  expect([...inbox.files.keys()]).toEqual([NAME]);
  expect(inbox.files.get(NAME)?.equals(BYTES)).toBe(true);
  expect(named('done')).toHaveLength(1);
  expect(named('done')[0]).not.toHaveProperty('lane');
}

test('a whole file goes by a proxy that does as it should (R821)', async () => {
  const { inbox, named, proxy } = await sent({ faults: {} });
  expect(named('done')).toMatchObject([{ lane: PROXY, encrypted: true }]);
  expect(inbox.files.get(NAME)?.equals(BYTES)).toBe(true);
  expect(proxy.joined).toHaveLength(1);
});

describe.each<Break>(['stalls', 'swallows', 'resets', 'closes', 'half-closes', 'lies'])(
  'a whole file goes in-band in the end, in bounded time, where the proxy %s',
  (how) => {
    test.each([0, 1, 3])('after %i pieces (R821)', async (after) => {
      const outcome = await sent({ faults: { breaks: { after, how } } });
      arrivedInBand(outcome);
      expect(outcome.proxy.joined).toHaveLength(2);
    });
  },
);

const NO_LANES: [string, ProxyFaults][] = [
  ['closes at once', { closesAtOnce: true }],
  ['tells of a place where nobody is', { isElsewhere: true }],
  ['says nothing', { isSilent: 'greeting' }],
  ['answers with another field', { isWrong: true }],
  ['refuses them', { refuses: 'request' }],
  ['does not answer the activation', { isSilent: 'activation' }],
  ['refuses to join them', { refuses: 'activation' }],
];

test('a server whose lane has failed is left alone by all other files (R1096)', async () => {
  const { named, beside } = await sent({ faults: { closesAtOnce: true }, count: 12 });
  expect(named('done')).toHaveLength(12);
  // As many as are offered at a time before anything is known.
  expect(beside()).toBeGreaterThan(0);
  expect(beside()).toBeLessThanOrEqual(4);
});

describe.each(NO_LANES)('where the proxy %s', (_what, faults) => {
  test('a whole file goes in-band (R821)', async () => {
    arrivedInBand(await sent({ faults }));
  });

  test('and nothing else is wanted, that is an ordinary failure of one file, told with what to do (R822)', async () => {
    const { named, inbox } = await sent({ faults, transport: 's5b', count: 2 });
    const failed = named('failed');
    expect(failed).toHaveLength(2);
    for (const one of failed) {
      expect(one).toMatchObject({ exitCode: 7, hints: ['--transport auto sends it in-band'] });
      expect(one).toHaveProperty(
        'error',
        expect.stringContaining(`no connection to ${JULIET} came about beside the XMPP stream: `),
      );
      expect(JSON.stringify(one)).not.toMatch(/unexpected|refused the file|RangeError/);
    }
    expect(inbox.files.size).toBe(0);
  });
});
