import { describe, expect, test } from '@jest/globals';
import type { Element } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import type { SealingOptions } from '../../../src/transfer/keys/sealing.js';
import { RateLimit } from '../../../src/transfer/rate-limit.js';
import type { ReceivingSealing } from '../../../src/transfer/receiving/daemon.js';
import { sendAll } from '../../../src/transfer/sending/send-all.js';
import {
  FilesFailed,
  type Source,
  SourceChanged,
  type SourceFolder,
} from '../../../src/transfer/sources/source.js';
import type { WayName } from '../../../src/transfer/ways/names.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import { pattern } from '../../protocol/ibb/bytestreams.js';
import { servicesOf } from '../../protocol/socks5/server.js';
import { JULIET } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { sendingBy } from '../../support/sealing.js';
import { linkedToInbox, smallFile } from './linked-inboxes.js';

const OTHER_JID = 'juliet@capulet.example/balcony/2';

interface Options {
  places?: number;
  jids?: string[];
  /** Milliseconds. */
  acceptTimeout?: number;
  isOurs?: (error: Error) => boolean;
  limit?: RateLimit;
  sealing?: SealingOptions;
  hers?: ReceivingSealing;
  via?: 'auto' | WayName;
  mayBePlain?: boolean;
}

/** Sends files to Juliet's inbox: what is told, and what comes of it. */
async function sent(
  sources: (ReturnType<typeof smallFile> | SourceFolder)[],
  {
    places = 16,
    jids = [JULIET],
    acceptTimeout = 1000,
    isOurs = () => false,
    limit,
    sealing = sendingBy(),
    hers,
    via = 'auto',
    mayBePlain = false,
  }: Options = {},
) {
  const ends = new AbortController();
  const stanzas: Element[] = [];
  const onStanza = (stanza: Element) => stanzas.push(stanza);
  const { romeo, inbox, halfTrip } = await linkedToInbox(
    { places, onStanza, services: servicesOf(), ...(hers ? { sealing: hers } : {}) },
    ends.signal,
  );
  const events: Event[] = [];
  let isOver = false;
  const outcome = sendAll(sources, jids, {
    ...{
      ways: via === 'auto' ? undefined : [via],
      settings: DEFAULT_SETTINGS,
      acceptTimeout,
      retryFor: 0,
      again: false,
    },
    // It stands still: on a busy machine offers are slow, and there would be fewer at a time.
    clock: new ManualClock(),
    ...{ connect: async () => romeo, signal: ends.signal, limit },
    ...{ sealing, lane: { direct: 'never' as const, mayBePlain, clock: new ManualClock() } },
    report: (event) => events.push(event),
    explain: (error) => ({ text: error.message, exitCode: 1, isOurs: isOurs(error) }),
  })
    .catch((error: Error) => error)
    .finally(() => {
      isOver = true;
    });
  while (!isOver) await halfTrip();
  const error = await outcome;
  ends.abort();
  return { error, events, inbox, stanzas };
}

const files = (count: number) =>
  Array.from({ length: count }, (_, index) => smallFile(`${index}`, pattern(index + 1)));

/** One that cannot be read to its end. */
const changing = (name: string): ReturnType<typeof smallFile> => ({
  ...smallFile(name, pattern(5)),
  read: async function* () {
    yield pattern(3);
  },
});

const told = (events: Event[]) =>
  events.flatMap((event) =>
    event.event === 'done' || event.event === 'failed' ? `${event.event} ${event.name}` : [],
  );

test('what became of files that were side by side is told in their order (R222)', async () => {
  const { events, error } = await sent(files(30), { places: 16, acceptTimeout: 100_000 });
  expect(error).toBeUndefined();
  expect(told(events)).toEqual(Array.from({ length: 30 }, (_, index) => `done ${index}`));
  let [underWay, most] = [0, 0];
  for (const { event } of events) {
    if (event === 'start') underWay += 1;
    if (event === 'done') underWay -= 1;
    most = Math.max(most, underWay);
  }
  expect(most).toBeGreaterThan(3);
});

test('that other programs may get files beside the stream in the clear makes no inband wait (R1053)', async () => {
  let [reading, most] = [0, 0];
  const sources = files(6).map((file) => ({
    ...file,
    read: async function* (offset: number, buffer?: Buffer) {
      // What is read into a buffer is read for its hash.
      if (!buffer) {
        reading += 1;
        most = Math.max(most, reading);
        for (let turn = 0; turn < 1000 && most < 5; turn += 1) await settled();
        reading -= 1;
      }
      yield* file.read(offset, buffer);
    },
  }));
  const { error } = await sent(sources, { acceptTimeout: 100_000, mayBePlain: true });
  expect(error).toBeUndefined();
  expect(most).toBeGreaterThan(4);
});

test.each<[WayName, string, string[]]>([
  ['jingle', 'done', ['empty']],
  // It would come as a file without bytes.
  ['si', 'failed', []],
  ['ibb', 'failed', []],
])(
  'by %s a folder without files is %s, as only where it can be told somebody has it (R413, R642)',
  async (via, became, made) => {
    const folder = {
      ...smallFile('empty', Buffer.alloc(0)),
      path: ['empty'],
      isFolder: true,
    } as const;
    const { events, inbox, error } = await sent([folder], { via });
    const endings = ['done', 'skipped', 'failed'];
    expect(error).toEqual(became === 'failed' ? expect.any(FilesFailed) : undefined);
    expect(events.map(({ event }) => event).filter((one) => endings.includes(one))).toEqual([
      became,
    ]);
    expect([...inbox.folders.values()].map((path) => path.slice(0, -1))).toEqual(made);
    expect(inbox.published).toBe(0);
  },
);

test('a file that fails stops no other, and the first that did is what the command fails with (R224)', async () => {
  const [first, second, third] = files(3) as [Source, Source, Source] & ReturnType<typeof files>;
  const sources = [first, changing('a'), second, changing('b'), third] as ReturnType<typeof files>;
  const { events, error, inbox } = await sent(sources);
  expect(told(events)).toEqual(['done 0', 'failed a', 'done 1', 'failed b', 'done 2']);
  expect(error).toBeInstanceOf(FilesFailed);
  expect((error as FilesFailed).cause).toBeInstanceOf(SourceChanged);
  expect((error as Error).message).toContain('a changed');
  expect([...inbox.files.keys()].sort()).toEqual(['0', '1', '2']);
});

test('what is wrong on our side ends it, and is told once', async () => {
  const sources = [...files(1), changing('a'), ...files(40).slice(1)];
  const { events, error } = await sent(sources, { isOurs: () => true });
  expect(error).toBeInstanceOf(FilesFailed);
  expect(told(events).filter((line) => line.startsWith('failed'))).toEqual(['failed a']);
  expect(told(events).length).toBeLessThan(10);
});

test('a folder is not looked through any further for a recipient who is not there (R435)', async () => {
  let taken = 0;
  const folder: SourceFolder = {
    name: 'photos',
    outline: async function* () {},
    walk: async function* () {
      for (const file of files(1000)) {
        taken += 1;
        yield file;
      }
    },
  };
  const { events } = await sent([folder], { jids: [OTHER_JID] });
  expect(told(events)).toEqual(['failed 0']);
  expect(events.filter(({ event }) => event === 'skipped')).toEqual([
    { event: 'skipped', text: `the other files were not tried with ${OTHER_JID}`, first: 1 },
  ]);
  expect(taken).toBeLessThan(5);
});

test('reads each file once for its hash, whoever it goes to (R225)', async () => {
  let reads = 0;
  const file = smallFile('letter', pattern(100));
  const read: Source['read'] = (offset, buffer) => {
    // The bytes that are sent are read without one.
    if (buffer) reads += 1;
    return file.read(offset, buffer);
  };
  const { events, error } = await sent([{ ...file, read }], { jids: [JULIET, OTHER_JID] });
  expect(reads).toBe(1);
  expect(told(events)).toContain('done letter');
  // Nobody is at the other one.
  expect((error as Error).message).toContain(OTHER_JID);
});

describe('with a limit on the rate', () => {
  /** Fast enough for a test: a second of it is one in which nothing is waited for. */
  const limitOf = (bytesPerSecond: number) => {
    const clock = { now: () => 0, sleep: async () => undefined };
    return new RateLimit(bytesPerSecond, clock);
  };

  test.each([2_000, 3_000, 20_000, 47_000])(
    '`auto` agrees on no block that takes longer than a second of %i bytes (R272)',
    async (rate) => {
      const bytes = pattern(60_000);
      const { error, stanzas, inbox } = await sent([smallFile('a', bytes)], {
        limit: limitOf(rate),
      });
      expect(error).toBeUndefined();
      expect(inbox.files.get('a')).toEqual(bytes);
      const opened = stanzas.flatMap((stanza) => stanza.getChild('open') ?? []);
      expect(opened.map(({ attrs }) => Number(attrs['block-size']))).toEqual([rate]);
      const sizes = stanzas.flatMap((stanza) => {
        const data = stanza.getChild('data');
        return data ? Buffer.from(data.getText(), 'base64').length : [];
      });
      expect(Math.max(...sizes)).toBeLessThanOrEqual(rate);
    },
  );
});

test('tells what block size and window came of it (R270)', async () => {
  const { events } = await sent([smallFile('a', pattern(60_000))]);
  const done = events.find(({ event }) => event === 'done');
  expect(done).toMatchObject({ blockSize: 4096, window: expect.any(Number) });
  const { window } = done as { window: number };
  expect(events).toContainEqual({
    event: 'note',
    text: `a went in blocks of 4096 bytes, up to ${window} of them under way in the end`,
  });
});
