import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type Element, xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import type { LaneWanted } from '../../../src/transfer/lane/lane.js';
import type { WantedTransport } from '../../../src/transfer/lane/names.js';
import { sendAll } from '../../../src/transfer/sending/send-all.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import { Wire } from '../../protocol/ibb/wire.js';
import { MemoryInternet, ownAddress } from '../../protocol/network/memory-network.js';
import type { Service } from '../../protocol/socks5/server.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock } from '../../support/manual-clock.js';
import { keyOfNumber, memoryTrust, receivingBy, sendingBy } from '../../support/sealing.js';
import { linkedToInbox, smallFile } from './linked-inboxes.js';

const CLEAR = { his: sendingBy(), hers: receivingBy() };

const sealed = () => ({
  his: sendingBy({ encrypt: 'auto', own: async () => keyOfNumber(1), trusted: memoryTrust() }),
  hers: receivingBy({ encrypt: 'auto', own: keyOfNumber(2), trusted: memoryTrust() }),
});

/** Sends files to an inbox with one place: how many round trips each of them took, and what was said. */
async function sentOneByOne(files: Buffer[], { his, hers }: typeof CLEAR) {
  const wire = new Wire();
  const record = wire.record(() => undefined);
  const ends = new AbortController();
  const onStanza = (stanza: Element) => record(stanza, () => undefined);
  const { romeo, inbox, halfTrip } = await linkedToInbox(
    { places: 1, onStanza, sealing: hers },
    ends.signal,
  );
  const began = new Map<string, number>();
  const roundTrips: number[] = [];
  let halfTrips = 0;
  const report = (event: Event) => {
    if (event.event === 'offer') began.set(event.name, halfTrips);
    if (event.event === 'done') roundTrips.push((halfTrips - (began.get(event.name) ?? 0)) / 2);
  };
  const sources = files.map((bytes, index) => smallFile(`${index}.txt`, bytes));
  let isOver = false;
  const sent = sendAll(sources, [JULIET], {
    ...{ via: 'auto', settings: DEFAULT_SETTINGS, acceptTimeout: 1000, retryFor: 0, again: false },
    ...{ connect: async () => romeo, report, signal: ends.signal },
    sealing: his,
    explain: ({ message }) => ({ text: message, exitCode: 1, isOurs: false }),
  }).finally(() => {
    isOver = true;
  });
  for (; !isOver; halfTrips += 1) await halfTrip();
  await sent;
  ends.abort();
  return { roundTrips, arrived: inbox.files, wire };
}

/** What is said of one file, from its offer on; `told`: how its recipient says that it is there. */
const oneFile = (told: string, question: string[] = []) => [
  'romeo: session-initiate',
  'juliet: session-initiate taken',
  'juliet: session-accept',
  'romeo: session-accept taken',
  'romeo: open 48000',
  'juliet: open 48000 taken',
  ...question.map((asked) => `romeo: ${asked}`),
  'romeo: data 0',
  ...question.map((asked) => `juliet: ${asked} taken`),
  'juliet: data 0 taken',
  `juliet: session-info ${told}`,
  'romeo: close',
  `romeo: session-info ${told} taken`,
  'romeo: session-terminate success',
];

test.each([
  ['in the clear', () => CLEAR, oneFile('received'), oneFile('received')],
  // The key for the next file is asked for meanwhile.
  ['sealed', sealed, oneFile('security', ['query']), oneFile('security')],
])(
  'a small file %s takes three round trips from its offer to its verdict (R220, R840, R843, R844)',
  async (_, by, each, last) => {
    const files = [4000, 5, 0, 4500, 4096, 10].map((size) => randomBytes(size));
    const { roundTrips, arrived, wire } = await sentOneByOne(files, by());
    expect(files.map((_, index) => arrived.get(`${index}.txt`))).toEqual(files);
    // The second is offered beside the first, where there is no place, and waits until it may come again.
    expect(roundTrips.slice(-3)).toEqual([3, 3, 3]);
    const [before, begun] = [-2, -1].map((at) => startsIn(wire.lines).at(at));
    // What ends a file is answered while the next one is offered already.
    const answers = ['juliet: close taken', 'juliet: session-terminate success taken'];
    expect(wire.lines.slice(before, begun)).toEqual([each[0], ...answers, ...each.slice(1)]);
    expect(wire.lines.slice(begun)).toEqual([last[0], ...answers, ...last.slice(1)]);
  },
);

const startsIn = (lines: string[]): number[] =>
  lines.flatMap((line, at) => (line === 'romeo: session-initiate' ? [at] : []));

/** Where nobody answers, and where rooms are all that there is. */
const SILENT: Service = () => new Promise(() => undefined);
const ROOMS: Service = async () =>
  xml(
    'query',
    { xmlns: 'http://jabber.org/protocol/disco#info' },
    xml('identity', { category: 'conference', type: 'text' }),
  );

/** Answers each question a round trip after it was asked, and counts how many have been. */
class Distance {
  halfTrips = 0;
  #waiting: { until: number; arrive(): void }[] = [];

  /** The service, as far away as the recipient. */
  to =
    (service: Service): Service =>
    async (stanza) => {
      const until = this.halfTrips + 2;
      await new Promise<void>((arrive) => this.#waiting.push({ until, arrive }));
      return service(stanza);
    };

  passed(): void {
    this.halfTrips += 1;
    for (const { until, arrive } of this.#waiting) if (until <= this.halfTrips) arrive();
  }
}

const ROUND_TRIP_MS = 500;

interface Begun {
  transport: WantedTransport;
  /** What is at the servers of both, beside each other. */
  there?: Service[];
  bytes?: number;
}

/** How many round trips it takes until a file begins that is sealed, and what its sender's server was asked for that. */
async function beginning({ transport, there = [ROOMS], bytes = 32_768 }: Begun) {
  const [ends, distance, clock] = [new AbortController(), new Distance(), new ManualClock()];
  const names = ['montague.example', 'capulet.example'].flatMap((domain) =>
    there.map((one, index) => [`x${index}.${domain}`, distance.to(one)] as const),
  );
  const { his, hers } = sealed();
  const [internet, asked]: [MemoryInternet, string[]] = [new MemoryInternet(), []];
  const laneAt = (address: string): LaneWanted => ({
    ...{ direct: 'proxies', network: internet.of([ownAddress(address)]), clock },
  });
  const { romeo, halfTrip } = await linkedToInbox(
    {
      ...{ places: 1, sealing: hers, lane: laneAt('11.0.2.2') },
      services: servicesAt(new Map(names), distance),
      onStanza: ({ attrs: { from, to = '' } }) => {
        if (from === ROMEO && to !== JULIET) asked.push(to);
      },
    },
    ends.signal,
  );
  let trips: number | undefined;
  let isOver = false;
  const sent = sendAll([smallFile('film.mkv', randomBytes(bytes))], [JULIET], {
    ...{ via: 'auto', settings: DEFAULT_SETTINGS, acceptTimeout: 60_000, retryFor: 0 },
    ...{ connect: async () => romeo, signal: ends.signal, transport, clock, again: false },
    ...{ sealing: his, lane: laneAt('11.0.1.1') },
    report: ({ event }) => {
      if (event === 'start') trips = (distance.halfTrips + 1) / 2;
    },
    explain: ({ message }) => ({ text: message, exitCode: 1, isOurs: false }),
  }).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await halfTrip();
    await clock.advance(ROUND_TRIP_MS / 2);
    distance.passed();
  }
  await sent;
  ends.abort();
  return { trips, asked };
}

/** The servers themselves answer from as far away, too. */
function servicesAt(below: Map<string, Service>, distance: Distance): Map<string, Service> {
  const items = (domain: string): Service =>
    distance.to(async () =>
      xml(
        'query',
        { xmlns: 'http://jabber.org/protocol/disco#items' },
        ...[...below.keys()]
          .filter((jid) => jid.endsWith(`.${domain}`))
          .map((jid) => xml('item', { jid })),
      ),
    );
  const servers = ['montague.example', 'capulet.example'];
  return new Map([...below, ...servers.map((one) => [one, items(one)] as const)]);
}

describe('until the bytes of a sealed file go in-band', () => {
  // What she takes, her key, the offer, and the opening of the bytestream.
  const IN_BAND = 4;

  test('it takes one round trip more where it could go beside the stream, and no server has a proxy (R1090)', async () => {
    const inBand = await beginning({ transport: 'ibb' });
    expect(inBand).toEqual({ trips: IN_BAND, asked: [] });
    const beside = await beginning({ transport: 'auto' });
    expect(beside.trips).toBe(IN_BAND + 1);
    // Once a session, and meanwhile.
    expect(beside.asked).toEqual(['montague.example', 'x0.montague.example']);
  });

  test('it takes no more than another one where something there does not answer (R1090)', async () => {
    const { trips } = await beginning({ transport: 'auto', there: [ROOMS, SILENT] });
    expect(trips).toBe(IN_BAND + 2);
  });

  test('it takes none more for a small file (R1090)', async () => {
    expect(await beginning({ transport: 'auto', bytes: 32_767 })).toMatchObject({ trips: IN_BAND });
  });
});
