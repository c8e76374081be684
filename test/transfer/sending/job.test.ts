import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { ChannelLost } from '../../../src/protocol/channel.js';
import type { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import { JingleEnded } from '../../../src/protocol/jingle/session/jingle-ended.js';
import { OfferUnanswered } from '../../../src/protocol/jingle/why-not-sent.js';
import { ownHints } from '../../../src/session/hints.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';
import { Turn } from '../../../src/transfer/attempts/turn.js';
import type { Event } from '../../../src/transfer/events.js';
import {
  RecipientBusy,
  RecipientRefused,
  RecipientUnreachable,
  WayRefused,
} from '../../../src/transfer/recipient-errors.js';
import { Descriptions } from '../../../src/transfer/sending/describe-source.js';
import { Job } from '../../../src/transfer/sending/job.js';
import type { SendingLine } from '../../../src/transfer/sending/line.js';
import { Slots } from '../../../src/transfer/sending/slots.js';
import { Telling } from '../../../src/transfer/sending/telling.js';
import type { Source } from '../../../src/transfer/sources/source.js';
import { http } from '../../../src/transfer/ways/http/http.js';
import type { WayName } from '../../../src/transfer/ways/names.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import type { Accepted, Offer, Recipient, Way } from '../../../src/transfer/ways/way.js';
import { WAYS, wayNamed } from '../../../src/transfer/ways/ways.js';
import { pattern } from '../../protocol/ibb/bytestreams.js';
import { JULIET } from '../../support/linked-sessions.js';
import { sourceOf } from '../transfers.js';

const LETTER = pattern(50);

/** An offer that is accepted; the bytestream takes what it is given, or breaks. */
function acceptedBy(way: WayName, bytesSent: number): Accepted {
  const stream = Object.assign(new PassThrough().resume(), {
    ...{ peer: JULIET, bytesSent, provenBlock: 0, unprovenBlock: 0 },
  });
  stream.on('error', () => undefined); // `pipeline` tells
  if (bytesSent === 0) stream.destroy(new ChannelLost('it was cut'));
  return {
    way: wayNamed(way),
    channel: stream as unknown as Bytestream,
    range: { offset: 0 },
    confirmed: async () => 'verified',
    cancel: async () => undefined,
  };
}

/** The same, broken when so many bytes have arrived. */
function cutAfter(bytes: number): Accepted {
  const accepted = acceptedBy('jingle', bytes);
  accepted.channel.once('data', () => {
    accepted.channel.emit('acknowledged');
    accepted.channel.destroy(new ChannelLost('it was cut'));
  });
  return accepted;
}

/** Sends a file to a recipient who is found with these ways, one attempt after the other; how it was offered each time. */
async function waysOffered(
  found: (WayName[] | Error | Recipient)[],
  accepted: (Accepted | Error)[],
  retryFor = 60,
  others: WayName[][] = [],
  blockSize = 4096,
  acceptTimeout = 1,
  waits = 0,
): Promise<{
  offered: string[];
  /** The names of the hashes, for each offer. */
  hashes: string[][];
  /** Where the file was read from, each time. */
  readFrom: number[];
  blockSizes: unknown[];
  events: string[];
  warnings: string[];
  outcome: Error | undefined;
}> {
  const warnings: string[] = [];
  const offered: string[] = [];
  const hashes: string[][] = [];
  const readFrom: number[] = [];
  const blockSizes: unknown[] = [];
  const events: string[] = [];
  const offerBy =
    (way: Way): Offer =>
    async (_peer, file, options) => {
      offered.push(way.name);
      hashes.push([...(file.hashes?.keys() ?? [])]);
      blockSizes.push(options.blockSize);
      const answer = accepted.shift();
      if (answer instanceof Error) throw answer;
      return answer as Accepted;
    };
  const ways = new Map([...WAYS, http].map((way) => [way, { offer: offerBy(way) }]));
  const toJuliet = (names: WayName[]) => ({ peer: JULIET, ways: names.map(wayNamed) });
  const seal = async (recipient: Recipient) => ({
    recipient,
    secrecy: { encrypted: false } as const,
    mayOffer: () => undefined,
    answered: async () => undefined,
  });
  const line: SendingLine = {
    jid: 'juliet@capulet.example',
    verb: 'sent',
    settings: { ...DEFAULT_SETTINGS, blockSize },
    provenBlock: 0,
    reach: async () => {
      const next = found.shift() ?? [];
      if (next instanceof Error) throw next;
      return { recipient: Array.isArray(next) ? toJuliet(next) : next, ways, seal };
    },
    reachNext: async () => {
      const next = others.shift();
      const peer = 'juliet@capulet.example/chamber';
      return next && { recipient: { ...toJuliet(next), peer }, ways, seal };
    },
    comesOnline: async () => {
      waits -= 1;
      return waits >= 0;
    },
    came: () => undefined,
    forget: () => undefined,
  };
  const report = (event: Event) => {
    if (event.event === 'note' || event.event === 'pending') return;
    if (event.event === 'warning' || event.event === 'notice') warnings.push(event.text);
    events.push(event.event === 'warning' || event.event === 'notice' ? 'again' : event.event);
  };
  const { signal } = new AbortController();
  const plain = sourceOf(LETTER);
  const read: Source['read'] = (offset) => {
    readFrom.push(offset);
    return plain.read(offset);
  };
  const source = { ...plain, read };
  const telling = new Telling(report, source);
  const turn = new Turn(acceptTimeout * 1000, report);
  const slot = await new Slots(1, signal).enter(source.size);
  const file = new Job(
    source,
    line,
    { slot, turn, telling },
    {
      describe: new Descriptions(signal).describe,
      shareRead: () => undefined,
      onStopped: () => undefined,
      acceptTimeout: acceptTimeout * 1000,
      retryFor: retryFor * 1000,
      again: false,
      ...{ signal, report },
    },
  );
  const outcome = await file.send().then(
    (done) => {
      report(done);
      return undefined;
    },
    (error: Error) => error,
  );
  return { offered, hashes, readFrom, blockSizes, events, warnings, outcome };
}

test('a file that is there after an attempt of ours was sent by it, whose end nobody told us (R303)', async () => {
  const there = () => ({
    ...acceptedBy('jingle', LETTER.length),
    ...{ isThere: true as const, range: { offset: LETTER.length } },
  });
  const { events } = await waysOffered([['jingle'], ['jingle']], [cutAfter(10), there()]);
  expect(events.at(-1)).toBe('done');
  const first = await waysOffered([['jingle']], [there()]);
  expect(first.events).toEqual(['offer', 'already-there']);
});

test('a file that was cut is offered again as it was accepted, or better', async () => {
  const { offered, events } = await waysOffered(
    [['si', 'ibb'], ['ibb'], ['jingle', 'si', 'ibb']],
    [acceptedBy('si', 0), acceptedBy('jingle', LETTER.length)],
  );
  expect(offered).toEqual(['si', 'jingle']);
  expect(events).toEqual(['offer', 'start', 'again', 'again', 'resumed', 'done']);
});

test.each<[WayName, string[]]>([
  ['si', ['sha-256', 'md5']],
  ['jingle', ['sha-256']],
])(
  'a file that goes by %s is read once for its hashes, however often it is offered',
  async (way, names) => {
    const { hashes, readFrom, outcome } = await waysOffered(
      [[way, 'ibb'], [way]],
      [new ChannelLost('forgotten'), acceptedBy(way, LETTER.length)],
    );
    expect(outcome).toBeUndefined();
    expect(hashes).toEqual([names, names]);
    expect(readFrom).toEqual([0, 0]); // the other one is what is sent
  },
);

// The first attempt was the last where the recipient was started anew before the bytestream was there.
test('a file that was accepted and forgotten is offered again, and never without its name', async () => {
  const { offered, events } = await waysOffered(
    [['jingle', 'si', 'ibb'], ['ibb'], ['jingle', 'si', 'ibb']],
    [new ChannelLost('forgotten'), acceptedBy('jingle', LETTER.length)],
  );
  expect(offered).toEqual(['jingle', 'jingle']);
  expect(events).toEqual(['offer', 'again', 'again', 'start', 'done']);
});

test('what has begun to travel in another way is not left on a server (R730)', async () => {
  const account = { peer: 'juliet@capulet.example', ways: [http] };
  const { offered, outcome } = await waysOffered(
    [['jingle'], account, account],
    [acceptedBy('jingle', 0)],
    1.2,
  );
  expect(offered).toEqual(['jingle']);
  expect(outcome).toMatchObject({ name: 'ChannelLost', message: 'it was cut' });
});

test('of a recipient that is not found again, what broke the file off is told, and for how long it was tried (R682)', async () => {
  const gone = new RecipientUnreachable('not there');
  const { outcome } = await waysOffered(
    [['jingle'], new ConnectionFailed('offline'), gone, gone],
    [acceptedBy('jingle', 0)],
    1.2,
  );
  expect(outcome).toMatchObject({ name: 'ChannelLost', message: 'it was cut' });
  expect(ownHints(outcome as Error)).toEqual(['it was tried again for 1.2 s']);
});

test('what a recipient has of another file is thrown away once, and not again and again (R864)', async () => {
  const altered = (): Accepted => ({
    ...acceptedBy('jingle', LETTER.length),
    range: { offset: 10 },
    confirmed: () =>
      Promise.reject(new JingleEnded({ condition: 'media-error', text: 'other bytes' }, false)),
  });
  const { offered, outcome } = await waysOffered(
    [['jingle'], ['jingle'], ['jingle']],
    [altered(), altered(), altered()],
  );
  expect([offered.length, outcome?.name]).toEqual([2, 'FileMismatch']);
});

test('whoever calls a part of a file the whole is not sent it again and again (R864)', async () => {
  const ended = new JingleEnded({ condition: 'success' }, false);
  const broken: Accepted = { ...acceptedBy('jingle', 10), confirmed: () => Promise.reject(ended) };
  broken.channel.once('data', () => broken.channel.destroy(ended));
  const { offered, outcome } = await waysOffered([['jingle'], ['jingle']], [broken]);
  expect([offered.length, outcome?.message]).toEqual([
    1,
    expect.stringContaining('ended it as done'),
  ]);
});

test('an attempt that comes to nothing is given up when the time is over (R863)', async () => {
  const never = {
    ...acceptedBy('jingle', LETTER.length),
    confirmed: () => new Promise<never>(() => undefined),
  };
  const { offered, outcome } = await waysOffered(
    [['jingle'], ['jingle']],
    [new ChannelLost('it was cut'), never],
    0.5,
  );
  expect([offered.length, outcome?.message]).toEqual([2, 'it was cut']);
});

test('a file of which a part is kept goes on there, and to no other resource', async () => {
  const inband = (peer: string): Recipient => ({
    peer,
    ways: [wayNamed('jingle')],
    answersClose: true,
  });
  const elsewhere = inband('juliet@capulet.example/two');
  const { offered, warnings, outcome } = await waysOffered(
    [inband(JULIET), elsewhere, inband(JULIET)],
    [cutAfter(20), acceptedBy('jingle', LETTER.length)],
  );
  expect(outcome).toBeUndefined();
  expect(offered).toEqual(['jingle', 'jingle']);
  expect(warnings.at(-1)).toBe('juliet@capulet.example is not there; next try in 1 s');
});

test('a file that nobody has taken is offered as often as its recipient may have come (R340)', async () => {
  const gone = new RecipientUnreachable('not there');
  const { offered, outcome } = await waysOffered(
    [gone, ['jingle'], ['jingle']],
    [gone, acceptedBy('jingle', LETTER.length)],
    0,
    [],
    4096,
    1,
    2,
  );
  expect([offered, outcome]).toEqual([['jingle', 'jingle'], undefined]);
});

test('whoever has begun to take a file is not waited for: --retry-for is for that', async () => {
  const gone = new RecipientUnreachable('not there');
  const { outcome } = await waysOffered([['jingle'], gone], [cutAfter(20)], 0, [], 4096, 1, 5);
  expect(outcome).toMatchObject({ message: 'it was cut' });
});

test('nobody is told of another attempt where none is made', async () => {
  const { events, outcome } = await waysOffered([['jingle']], [acceptedBy('jingle', 0)], 0);
  expect(events).toEqual(['offer', 'start']);
  expect(outcome).toMatchObject({ message: 'it was cut' });
});

test('a file that one resource takes in no way is offered to the next one (R73)', async () => {
  const { offered, events, outcome } = await waysOffered(
    [['jingle', 'si']],
    [new WayRefused('failed'), new WayRefused('failed'), acceptedBy('si', LETTER.length)],
    0,
    [['si']],
  );
  expect(outcome).toBeUndefined();
  expect(offered).toEqual(['jingle', 'si', 'si']);
  expect(events).toEqual(['offer', 'offer', 'start', 'done']);
});

const nobody = new StanzaError('cancel', 'recipient-unavailable');

test.each([
  ['is gone', new RecipientUnreachable('gone', { cause: nobody }), 2],
  ['has refused', new RecipientRefused('no'), 1],
  [
    'has not made up their mind',
    new RecipientUnreachable('no', { cause: new OfferUnanswered() }),
    1,
  ],
])('of a recipient that %s the next one is offered it, or not (R73)', async (_, error, count) => {
  const accepted = [error, acceptedBy('jingle', LETTER.length)];
  const { offered } = await waysOffered([['jingle']], accepted, 0, [['jingle']]);
  expect(offered).toHaveLength(count);
});

test('what the last one answered is told where there are no others', async () => {
  const refused = new WayRefused('failed');
  const { outcome } = await waysOffered([['jingle']], [refused], 0);
  expect(outcome).toBe(refused);
});

test.each([
  ['nothing arrived, is sent in smaller ones from then on (R76)', 0, [65_535, 4096]],
  ['something arrived, is sent in those again', 10, [65_535, 65_535]],
])('a file of which in large blocks %s', async (_title, arrived, expected) => {
  const cut = acceptedBy('jingle', 0);
  Object.assign(cut.channel, { unprovenBlock: 65_535 });
  const { blockSizes, outcome } = await waysOffered(
    [['jingle'], ['jingle']],
    [arrived > 0 ? cutAfter(arrived) : cut, acceptedBy('jingle', LETTER.length)],
    60,
    [],
    65_535,
  );
  expect(outcome).toBeUndefined();
  expect(blockSizes).toEqual(expected);
});

test('what one transfer has proven is not in doubt in the next (R773)', async () => {
  const [first, second] = [cutAfter(10), acceptedBy('jingle', 0)];
  Object.assign(first.channel, { provenBlock: 65_535 });
  Object.assign(second.channel, { unprovenBlock: 65_535 });
  const { blockSizes, outcome } = await waysOffered(
    [['jingle'], ['jingle'], ['jingle']],
    [first, second, acceptedBy('jingle', LETTER.length)],
    60,
    [],
    65_535,
  );
  expect(outcome).toBeUndefined();
  expect(blockSizes).toEqual([65_535, 65_535, 65_535]);
});

test('a recipient that is busy is asked again, and the user is told once (R90)', async () => {
  const busy = () => new RecipientBusy('juliet is busy');
  const { offered, warnings, outcome } = await waysOffered(
    [['jingle'], ['jingle'], ['jingle']],
    [busy(), busy(), acceptedBy('jingle', LETTER.length)],
    60,
    [],
    4096,
    60,
  );
  expect(outcome).toBeUndefined();
  expect(offered).toEqual(['jingle', 'jingle', 'jingle']);
  expect(warnings).toEqual([
    expect.stringMatching(/^juliet@capulet\.example is busy; next try in 1 s$/),
  ]);
});

test('a recipient that stays busy is not waited for beyond --accept-timeout (R90)', async () => {
  const busy = new RecipientBusy('juliet is busy');
  const { outcome, warnings } = await waysOffered([['jingle']], [busy], 60, [], 4096, 0.4);
  expect(outcome).toBe(busy);
  expect(warnings).toEqual([]);
});
