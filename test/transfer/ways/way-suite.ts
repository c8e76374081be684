import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import type { Channel } from '../../../src/protocol/channel.js';
import type { FileOffer } from '../../../src/protocol/file-offer.js';
import { nodeNameOf } from '../../../src/protocol/hashes/hash-functions.js';
import { noPlace } from '../../../src/transfer/receiving/no-place.js';
import { ReceivingEnded } from '../../../src/transfer/reception-errors.js';
import {
  RecipientBusy,
  RecipientRefused,
  RecipientUnreachable,
} from '../../../src/transfer/recipient-errors.js';
import type {
  IncomingOffer,
  Listener,
  PlacesOfUnannounced,
} from '../../../src/transfer/ways/incoming.js';
import type { WayName } from '../../../src/transfer/ways/names.js';
import type { Accepted, Recipient, Way } from '../../../src/transfer/ways/way.js';
import { wayNamed } from '../../../src/transfer/ways/ways.js';
import { type PairOptions, pairOfServices, unattended } from '../../protocol/ibb/bytestreams.js';
import { type Intercept, JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';

const BYTES = Buffer.from('But, soft! what light through yonder window breaks?');
const REFUSED = new Error('it is not wanted');
const { signal: never } = new AbortController();

interface SuiteOptions extends PairOptions {
  /** What Juliet says of offers otherwise than yes. */
  listener?: Partial<Listener>;
}

/** What goes to a person who is there goes by a channel. */
type ByChannel = Accepted & { channel: Channel };

/** Romeo offers files to Juliet by the way; `next` of them is hers to take. */
function pairBy(way: Way, { listener, ...options }: SuiteOptions = {}) {
  const pair = pairOfServices({ blockSize: 16, sessionLimit: 4, ...options });
  const [romeo, juliet] = pair.sessions;
  const { offer } = way.open({ session: romeo, key: undefined, bytestreams: pair.romeo });
  const comers: IncomingOffer[] = [];
  const waiting: ((file: IncomingOffer) => void)[] = [];
  const end = way.open({ session: juliet, key: undefined, bytestreams: pair.juliet }).listen?.({
    registry: pair.registry,
    mayOffer: () => true,
    refused: () => undefined,
    places: { reserve: () => true, release: () => undefined },
    now: () => new Date(0),
    take: (file) => {
      const first = waiting.shift();
      if (first) first(file);
      else comers.push(file);
    },
    ...listener,
  });
  const next = async () =>
    comers.shift() ?? new Promise<IncomingOffer>((take) => waiting.push(take));
  const recipient = { peer: JULIET, ways: [way] };
  return {
    ...{ ...pair, next, comers, end },
    offer: async (file: FileOffer, signal = never, known: Partial<Recipient> = {}) =>
      (await offer({ ...recipient, ...known }, file, { signal })) as ByChannel,
  };
}

/** The file as the way wants it described. */
function fileOf(way: Way, bytes = BYTES, name = 'letter.txt'): FileOffer {
  const hashed = way.hashes.map((one): [string, Buffer] => [
    one,
    createHash(nodeNameOf(one) as string)
      .update(bytes)
      .digest(),
  ]);
  return { name, size: bytes.length, hashes: new Map(hashed) };
}

/** Writes all that the recipient wants of the bytes, and ends; what the recipient makes of them. */
async function send({ channel, range: { offset, length }, confirmed }: Accepted, bytes = BYTES) {
  const wanted = bytes.subarray(offset, length === undefined ? undefined : offset + length);
  const ended = finished(channel, { readable: false });
  channel.end(wanted);
  await ended.catch((error) => {
    // One that has all bytes may be gone: what it has said of them counts.
    if (channel.bytesSent < wanted.length) throw error;
  });
  return confirmed();
}

/** These ways bring files by channels. */
const channelOf = async ({ accept }: Pick<IncomingOffer, 'accept'>) => (await accept(0)) as Channel;

/** Takes all bytes of a file, and says nothing of it. */
async function takeBytes(file: IncomingOffer): Promise<Channel> {
  const stream = unattended(await channelOf(file));
  for await (const _ of stream.iterator({ destroyOnReturn: false }));
  return stream;
}

/** Takes a file from there on, and confirms that it has it. */
async function take(file: IncomingOffer, offset = 0): Promise<Buffer> {
  const stream = await file.accept(offset);
  const chunks: Buffer[] = [];
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) chunks.push(chunk);
  await file.hashes();
  await file.confirm(Buffer.alloc(32));
  return Buffer.concat(chunks);
}

/** What every way keeps to, from both sides. */
export function describeWay(way: Way): void {
  describe(`the way ${way.name}`, () => {
    test('is found by its name, and by features of its own', () => {
      expect(wayNamed(way.name as WayName)).toBe(way);
      expect(way.features.length).toBeGreaterThan(0);
      expect(way.isTakenBy(new Set(way.features))).toBe(true);
      expect(way.isTakenBy(new Set(way.features.slice(1)))).toBe(false);
    });

    test('claims nothing that takes an announcement, unless it announces', () => {
      const { announces, keepsParts, comparesHash, isProposed, hashes } = way;
      const claims = keepsParts || comparesHash || isProposed || hashes.length > 0;
      expect(announces || !claims).toBe(true);
    });

    describeOffers(way);
    describeEndings(way);
    describeVerdicts(way);
    if (way.reaches === 'resource') describeListening(way);
  });
}

function describeOffers(way: Way): void {
  test('brings every byte, and says what the recipient makes of them', async () => {
    const { offer, next } = pairBy(way);
    const taken = next().then((file) => take(file));
    const accepted = await offer(fileOf(way));
    expect(accepted).toMatchObject({ way, range: { offset: 0 }, channel: { peer: JULIET } });
    expect(await send(accepted)).toBe(way.comparesHash ? 'verified' : 'unverified');
    expect(await taken).toEqual(BYTES);
    expect(accepted.channel.bytesSent).toBe(BYTES.length);
  });

  test('tells name, size and hashes before the bytes, or nothing at all', async () => {
    const { offer, next } = pairBy(way);
    const file = fileOf(way);
    const coming = next();
    const accepted = offer(file);
    const incoming = await coming;
    expect(incoming).toMatchObject({ peer: ROMEO, ranged: way.keepsParts });
    const told = incoming.offer;
    if (way.announces) expect(told).toMatchObject({ name: file.name, size: file.size });
    else expect([told.name === file.name, told.size]).toEqual([false, undefined]);
    expect([...(told.hashes ?? [])]).toEqual([...(file.hashes ?? [])]);
    const taken = take(incoming);
    await send(await accepted);
    expect(await taken).toEqual(BYTES);
  });

  test('goes on from where the recipient wants it, if it keeps parts', async () => {
    if (!way.keepsParts) return;
    const { offer, next } = pairBy(way);
    const taken = next().then((file) => take(file, 20));
    const accepted = await offer(fileOf(way));
    expect(accepted.range.offset).toBe(20);
    await send(accepted);
    expect(await taken).toEqual(BYTES.subarray(20));
  });

  test('keeps two files of one session apart', async () => {
    const { offer, next } = pairBy(way);
    const [one, other] = [Buffer.from('one'), Buffer.from('the other')];
    const taken = [next().then((file) => take(file)), next().then((file) => take(file))];
    const first = await offer(fileOf(way, one, 'one'));
    const second = await offer(fileOf(way, other, 'other'));
    await Promise.all([send(second, other), send(first, one)]);
    expect(await Promise.all(taken)).toEqual([one, other]);
  });
}

function describeEndings(way: Way): void {
  test('says that nobody is there', async () => {
    const pair = pairOfServices();
    pair.juliet.close();
    const { offer } = way.open({
      session: pair.sessions[0],
      key: undefined,
      bytestreams: pair.romeo,
    });
    const outcome = offer({ peer: JULIET, ways: [way] }, fileOf(way), { signal: never });
    await expect(outcome).rejects.toThrow(RecipientUnreachable);
  });

  test('says that the file is not wanted', async () => {
    const { offer, next } = pairBy(way, way.announces ? {} : UNWANTED);
    if (way.announces) void next().then((file) => file.fail(REFUSED));
    await expect(offer(fileOf(way))).rejects.toThrow(RecipientRefused);
  });

  test('takes the stop of the recipient for no "no"', async () => {
    if (!way.announces) return;
    const { offer, next } = pairBy(way);
    void next().then((file) => file.fail(new ReceivingEnded('stopped')));
    const why = await offer(fileOf(way)).then(undefined, (error: Error) => error);
    expect(why instanceof RecipientUnreachable || why instanceof RecipientBusy).toBe(true);
  });

  test('is cancelled in a way that nobody takes for the end', async () => {
    const { offer, next } = pairBy(way);
    const taken = next().then((file) => take(file));
    taken.catch(() => undefined); // is told of below
    const { channel, cancel } = await offer(fileOf(way));
    channel.on('error', () => undefined).write(BYTES.subarray(0, 16));
    await new Promise((resolve) => channel.once('acknowledged', resolve));
    await cancel();
    await expect(taken).rejects.toThrow();
  });

  test('is not confirmed when the recipient has not kept the file', async () => {
    const { offer, next } = pairBy(way);
    const failed = next().then(async (file) => {
      const stream = await file.accept(0);
      stream.on('error', () => undefined).once('data', () => file.fail(REFUSED));
    });
    const accepted = await offer(fileOf(way));
    accepted.channel.on('error', () => undefined);
    await failed;
    await expect(send(accepted)).rejects.toThrow();
  });

  test('gives up with the reason of the signal', async () => {
    const { offer } = pairBy(way, { intercept: () => undefined });
    const interrupt = new AbortController();
    const outcome = offer(fileOf(way), interrupt.signal);
    interrupt.abort(new Error('interrupted'));
    await expect(outcome).rejects.toThrow('interrupted');
  });
}

/** A recipient that answers each close, and only when it has the file. */
const ANSWERS: Partial<Recipient> = { answersClose: true };

/** Says that it is content with the transfer, where Juliet would say that she has the file. */
const contentOnly: Intercept = (stanza, deliver) =>
  deliver(
    parse(
      stanza
        .toString()
        .replace(/(<jingle[^>]*) action="session-info"/, '$1 action="session-terminate"')
        .replace(/<received [^>]*>/, '<reason><success/></reason>'),
    ),
  );

/** Nothing is said to be with the recipient but what it says itself, when it has the file, and not before (promise 1). */
function describeVerdicts(way: Way): void {
  test('says nothing of the file before the recipient has kept it', async () => {
    const { offer, next } = pairBy(way);
    const coming = next().then(async (file) => ({ file, stream: await takeBytes(file) }));
    const accepted = await offer(fileOf(way), never, ANSWERS);
    let verdict: unknown;
    const sent = send(accepted).then((said) => {
      verdict = said;
    });
    const { file } = await coming;
    await settled();
    expect(verdict).toBeUndefined();
    await Promise.all([file.confirm(Buffer.alloc(32)), sent]);
    expect(verdict).toBe(way.comparesHash ? 'verified' : 'unverified');
  });

  test('has not delivered what fails at the recipient at the last', async () => {
    const { offer, next } = pairBy(way);
    const failing = next().then(async (file) => {
      await takeBytes(file);
      file.fail(REFUSED);
    });
    const accepted = await offer(fileOf(way), never, ANSWERS);
    unattended(accepted.channel);
    await expect(send(accepted)).rejects.toThrow();
    await failing;
  });

  test('has not delivered what the recipient closes first, though it took all bytes', async () => {
    const { offer, next } = pairBy(way);
    const coming = next();
    const accepting = offer(fileOf(way), never, ANSWERS);
    const file = await coming;
    const hers = channelOf(file).then((stream) => unattended(stream).resume());
    const { channel, confirmed } = await accepting;
    const closed = new Promise((resolve) => unattended(channel).once('close', resolve));
    channel.resume().write(BYTES);
    (await hers).end();
    await closed;
    const verdict = confirmed();
    file.fail(REFUSED);
    await expect(verdict).rejects.toThrow();
  });

  test('claims no more than that the bytes came, of one that does not say what it has', async () => {
    if (way.comparesHash) return;
    const { offer, next } = pairBy(way);
    void next().then(async (file) => (await takeBytes(file)).abandon());
    const accepted = await offer(fileOf(way));
    unattended(accepted.channel);
    const outcome = await send(accepted).catch(() => 'failed');
    expect(['failed', 'unverified']).toContain(outcome);
  });

  test('takes one that is content for no more than that', async () => {
    const { offer, next } = pairBy(way, { intercept: contentOnly });
    void next().then((file) => take(file));
    const verdict = await send(await offer(fileOf(way)));
    expect(verdict).toBe(way.comparesHash ? 'content' : 'unverified');
  });
}

/** Files that nobody announced are not wanted. */
const UNWANTED: SuiteOptions = {
  listener: { places: { reserve: () => false, release: () => undefined } },
};

/** There is no place for another file. */
const FULL: SuiteOptions = {
  listener: {
    mayOffer: () => false,
    places: {
      reserve: () => {
        throw noPlace();
      },
      release: () => undefined,
    },
  },
};

/** Lets everybody in. */
class NotedPlaces implements PlacesOfUnannounced {
  readonly calls: string[] = [];
  onReserve: (peer: string, sid: string) => void = () => undefined;

  reserve(peer: string, sid: string): boolean {
    this.calls.push(`reserve ${peer} ${sid}`);
    this.onReserve(peer, sid);
    return true;
  }

  release(peer: string, sid: string): void {
    this.calls.push(`release ${peer} ${sid}`);
  }
}

/** Makes nonsense of the size that an offer tells. */
const withoutSize: Intercept = (stanza, deliver) => {
  const nonsense = stanza
    .toString()
    .replace(`<size>${BYTES.length}<`, '<size>many<')
    .replace(` size="${BYTES.length}"`, ' size="many"');
  deliver(parse(nonsense));
};

function describeListening(way: Way): void {
  test('asks whether there is a place before it hands a file over', async () => {
    const { offer, comers } = pairBy(way, FULL);
    await expect(offer(fileOf(way))).rejects.toThrow(RecipientBusy);
    expect(comers).toEqual([]);
  });

  test('has a sender come again, or has given the file its place', async () => {
    const places = new NotedPlaces();
    const { offer, next } = pairBy(way, { listener: { places } });
    const coming = next();
    const offered = offer(fileOf(way)).then(({ channel }) => unattended(channel));
    const { peer, sid, postpone, accept } = await coming;
    if (postpone) {
      postpone();
      await expect(offered).rejects.toThrow(RecipientBusy);
      expect(places.calls).toEqual([]);
    } else {
      // The place is free for the one who takes it now, and not when the file has come.
      expect(places.calls).toEqual([`reserve ${peer} ${sid}`, `release ${peer} ${sid}`]);
      await Promise.all([offered, channelOf({ accept }).then(unattended)]);
    }
  });

  test('frees the place of what was let in and not handed over, at its end', async () => {
    if (way.announces) return;
    const places = new NotedPlaces();
    const { offer, comers, juliet } = pairBy(way, { listener: { places } });
    const announced = new Promise<Channel>((resolve, reject) => {
      places.onReserve = (peer, sid) => void juliet.expect(peer, sid).then(resolve, reject);
    });
    const [hers] = await Promise.all([announced, offer(fileOf(way))]);
    expect(places.calls).toHaveLength(1);
    unattended(hers).destroy();
    await settled();
    expect(places.calls).toHaveLength(2);
    expect(places.calls[1]).toBe(places.calls[0]?.replace('reserve', 'release'));
    expect(comers).toEqual([]);
  });

  test('tells of an offer that it refuses unseen, and why', async () => {
    if (!way.announces) return;
    const refusals: string[] = [];
    const { offer, comers } = pairBy(way, {
      intercept: withoutSize,
      listener: { refused: (peer, why) => refusals.push(`${peer}: ${why}`) },
    });
    await expect(offer(fileOf(way))).rejects.toThrow(RecipientRefused);
    expect(refusals).toEqual([expect.stringMatching(`^${ROMEO}: .+`)]);
    expect(comers).toEqual([]);
  });

  test('takes nothing after its end', async () => {
    const { offer, comers, end } = pairBy(way);
    end?.(new Error('over'));
    const sent = offer(fileOf(way)).then((accepted) => {
      unattended(accepted.channel);
      return send(accepted);
    });
    await expect(sent).rejects.toThrow();
    expect(comers).toEqual([]);
  });
}
