import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import type { FileOffer } from '../../../src/protocol/file-offer.js';
import { nodeNameOf } from '../../../src/protocol/hash-functions.js';
import type { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import type { Session } from '../../../src/session/session.js';
import type { IncomingOffer } from '../../../src/transfer/receiving/receive-file.js';
import { RecipientRefused, RecipientUnreachable } from '../../../src/transfer/recipient-errors.js';
import type { Accepted, Way } from '../../../src/transfer/ways/way.js';
import { wayNamed } from '../../../src/transfer/ways/ways.js';
import { type PairOptions, pairOfServices } from '../../protocol/ibb/bytestreams.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';

const BYTES = Buffer.from('But, soft! what light through yonder window breaks?');
const REFUSED = new Error('it is not wanted');
const { signal: never } = new AbortController();

/** Hands over the files that come to somebody by a way. */
export type Listen = (
  session: Session,
  bytestreams: InBandBytestreams,
  take: (file: IncomingOffer) => void,
) => void;

/** Romeo offers files to Juliet by the way. */
function pairBy(way: Way, listen: Listen, options: PairOptions = {}) {
  const pair = pairOfServices({ blockSize: 16, sessionLimit: 4, ...options });
  const [romeo, juliet] = pair.sessions;
  const { offer } = way.open(romeo, pair.romeo);
  const comers: IncomingOffer[] = [];
  const waiting: ((file: IncomingOffer) => void)[] = [];
  listen(juliet, pair.juliet, (file) => {
    const first = waiting.shift();
    if (first) first(file);
    else comers.push(file);
  });
  const next = async () =>
    comers.shift() ?? new Promise<IncomingOffer>((take) => waiting.push(take));
  const recipient = { peer: JULIET, ways: [way] };
  return {
    ...pair,
    next,
    offer: (file: FileOffer, signal = never) => offer(recipient, file, { signal }),
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

/** Writes all that the recipient wants of the bytes, and ends. */
async function send({ stream, range: { offset, length }, confirmed }: Accepted, bytes = BYTES) {
  const ended = finished(stream, { readable: false });
  stream.end(bytes.subarray(offset, length === undefined ? undefined : offset + length));
  await ended;
  return confirmed();
}

/** Takes a file from there on, and confirms that it has it. */
async function take(file: IncomingOffer, offset = 0): Promise<Buffer> {
  const stream = await file.accept(offset);
  stream.allowHalfOpen = true;
  const chunks: Buffer[] = [];
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) chunks.push(chunk);
  await file.hashes();
  await file.confirm();
  return Buffer.concat(chunks);
}

/** What every way keeps to; each runs it, with what takes its files. */
export function describeWay(way: Way, listen: Listen): void {
  describe(`the way ${way.name}`, () => {
    test('is found by its name, and by features of its own', () => {
      expect(wayNamed(way.name)).toBe(way);
      expect(way.features.length).toBeGreaterThan(0);
    });

    test('claims nothing that takes an announcement, unless it announces', () => {
      const { announces, keepsParts, comparesHash, isProposed, hashes } = way;
      const claims = keepsParts || comparesHash || isProposed || hashes.length > 0;
      expect(announces || !claims).toBe(true);
    });

    describeOffers(way, listen);
    describeEndings(way, listen);
  });
}

function describeOffers(way: Way, listen: Listen): void {
  test('brings every byte, and says what the recipient makes of them', async () => {
    const { offer, next } = pairBy(way, listen);
    const taken = next().then((file) => take(file));
    const accepted = await offer(fileOf(way));
    expect(accepted).toMatchObject({ way, range: { offset: 0 }, stream: { peer: JULIET } });
    expect(await send(accepted)).toBe(way.comparesHash ? 'verified' : 'unverified');
    expect(await taken).toEqual(BYTES);
    expect(accepted.stream.bytesSent).toBe(BYTES.length);
  });

  test('tells name, size and hashes before the bytes, or nothing at all', async () => {
    const { offer, next } = pairBy(way, listen);
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
    const { offer, next } = pairBy(way, listen);
    const taken = next().then((file) => take(file, 20));
    const accepted = await offer(fileOf(way));
    expect(accepted.range.offset).toBe(20);
    await send(accepted);
    expect(await taken).toEqual(BYTES.subarray(20));
  });

  test('keeps two files of one session apart', async () => {
    const { offer, next } = pairBy(way, listen);
    const [one, other] = [Buffer.from('one'), Buffer.from('the other')];
    const taken = [next().then((file) => take(file)), next().then((file) => take(file))];
    const first = await offer(fileOf(way, one, 'one'));
    const second = await offer(fileOf(way, other, 'other'));
    await Promise.all([send(second, other), send(first, one)]);
    expect(await Promise.all(taken)).toEqual([one, other]);
  });
}

function describeEndings(way: Way, listen: Listen): void {
  test('says that nobody is there', async () => {
    const pair = pairOfServices();
    pair.juliet.close();
    const { offer } = way.open(pair.sessions[0], pair.romeo);
    const outcome = offer({ peer: JULIET, ways: [way] }, fileOf(way), { signal: never });
    await expect(outcome).rejects.toThrow(RecipientUnreachable);
  });

  test('says that the file is not wanted', async () => {
    const { offer, next } = pairBy(way, listen, way.announces ? {} : { sessionLimit: 0 });
    if (way.announces) void next().then((file) => file.fail(REFUSED));
    await expect(offer(fileOf(way))).rejects.toThrow(RecipientRefused);
  });

  test('is cancelled in a way that nobody takes for the end', async () => {
    const { offer, next } = pairBy(way, listen);
    const taken = next().then((file) => take(file));
    taken.catch(() => undefined); // is told of below
    const { stream, cancel } = await offer(fileOf(way));
    stream.on('error', () => undefined).write(BYTES.subarray(0, 16));
    await new Promise((resolve) => stream.once('acknowledged', resolve));
    await cancel();
    await expect(taken).rejects.toThrow();
  });

  test('is not confirmed when the recipient has not kept the file', async () => {
    const { offer, next } = pairBy(way, listen);
    const failed = next().then(async (file) => {
      const stream = await file.accept(0);
      stream.on('error', () => undefined).once('data', () => file.fail(REFUSED));
    });
    const accepted = await offer(fileOf(way));
    accepted.stream.on('error', () => undefined);
    await failed;
    await expect(send(accepted)).rejects.toThrow();
  });

  test('gives up with the reason of the signal', async () => {
    const { offer } = pairBy(way, () => undefined, { intercept: () => undefined });
    const interrupt = new AbortController();
    const outcome = offer(fileOf(way), interrupt.signal);
    interrupt.abort(new Error('interrupted'));
    await expect(outcome).rejects.toThrow('interrupted');
  });
}
