import { describe, expect, test } from '@jest/globals';
import { ChannelBroken } from '../../../src/protocol/channel.js';
import { NS_IBB } from '../../../src/protocol/ibb/stanzas.js';
import { FileUnconfirmed } from '../../../src/protocol/jingle/verdict.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import { FileMismatch, RecipientRefused } from '../../../src/transfer/recipient-errors.js';
import { describeSource } from '../../../src/transfer/sending/describe-source.js';
import { sendFile } from '../../../src/transfer/sending/send-file.js';
import { type Source, SourceChanged } from '../../../src/transfer/sources/source.js';
import { offerBare } from '../../../src/transfer/ways/bare.js';
import { offerBySi } from '../../../src/transfer/ways/si.js';
import {
  acceptedBy,
  pairOfServices,
  pattern,
  readAll,
  takeAll,
} from '../../protocol/ibb/bytestreams.js';
import { leftOf, offeredTo, type Pair, pairOfTransfers } from '../../protocol/jingle/transfers.js';
import { JULIET, parse } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { receive, send, sha256, sourceOf } from '../transfers.js';

const LETTER = pattern(50);
const never = new AbortController().signal;

/** What becomes of a source that says one thing and sends another. */
async function outcomesOf(pair: Pair, source: Parameters<typeof send>[1]) {
  const { inbox, received } = receive(pair.juliet);
  const offer = await describeSource(sourceOf(LETTER), never);
  const sent = send(pair.romeo, source, { offer });
  const [his, hers] = await Promise.allSettled([sent, received]);
  expect(inbox).toMatchObject({ files: new Map(), partials: 0 });
  await settled();
  expect(await leftOf(pair)).toEqual([]);
  return [his, hers].map((outcome) => (outcome as PromiseRejectedResult).reason);
}

describe('a source', () => {
  test('is described with its hash, when it can be read twice', async () => {
    const source = sourceOf(LETTER, { mediaType: 'text/plain' });
    expect(await describeSource(source, never)).toEqual({
      ...{ name: 'letter.txt', size: 50, mediaType: 'text/plain' },
      hashes: new Map([['sha-256', Buffer.from(sha256(LETTER), 'hex')]]),
    });
    const once = { ...source, size: undefined } as never;
    expect(await describeSource(once, never)).not.toHaveProperty('hashes');
  });

  test('is not described when it is not as long as it says, or nobody waits any more', async () => {
    const short = sourceOf(LETTER, { size: 51 });
    await expect(describeSource(short, never)).rejects.toThrow(SourceChanged);
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(describeSource(sourceOf(LETTER), signal)).rejects.toThrow('interrupted');
  });

  async function* long() {
    for (let count = 0; count < 20; count += 1) yield pattern(100_000);
  }

  const changes = [
    ['was cut short', sourceOf(LETTER.subarray(1), { size: 50 })],
    ['has grown', sourceOf(pattern(51), { size: 50 })],
    // The recipient refused the block that was too much first, and the file was offered again and again.
    ['has grown by much', sourceOf(LETTER, { read: long })],
    ['has become another', sourceOf(Buffer.alloc(50), { size: 50 })],
  ] as const;
  test.each(changes)('that %s is not sent as what it was (R47)', async (_what, source) => {
    const [his, hers] = await outcomesOf(pairOfTransfers(), source);
    expect(his).toBeInstanceOf(SourceChanged);
    expect((his as Error).message).toMatch(
      / changed while it was sent$| changed while it was sent: \d+ bytes before, \d+ now$/,
    );
    expect(hers).toBeInstanceOf(Error);
  });

  test('that cannot be read is cancelled, and told of', async () => {
    const pair = pairOfTransfers();
    const broken = new Error('the disk is broken');
    const [his, hers] = await outcomesOf(pair, {
      ...sourceOf(LETTER),
      read: async function* () {
        yield LETTER.subarray(0, 10);
        throw broken;
      },
    });
    expect(his).toBe(broken);
    expect(hers).toMatchObject({ name: 'JingleEnded', message: 'cancel', byUs: false });
  });
});

describe('a file that is sent', () => {
  test('reports how far it is, which is never further than what was acknowledged', async () => {
    const pair = pairOfTransfers();
    const { received } = receive(pair.juliet);
    const progress: number[] = [];
    await send(pair.romeo, sourceOf(LETTER), { onProgress: (bytes) => progress.push(bytes) });
    await received;
    expect(progress.at(-1)).toBe(50);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test('is broken off by its sender’s signal, which the recipient hears as a cancel', async () => {
    const pair = pairOfTransfers();
    const { inbox, received } = receive(pair.juliet);
    const interrupt = new AbortController();
    const sent = send(pair.romeo, sourceOf(LETTER), {
      signal: interrupt.signal,
      onProgress: () => interrupt.abort(new Error('interrupted')),
    });
    await expect(sent).rejects.toThrow('interrupted');
    await expect(received).rejects.toMatchObject({ name: 'JingleEnded', message: 'cancel' });
    expect(inbox).toMatchObject({ files: new Map(), partials: 0 });
    await settled();
    expect(await leftOf(pair)).toEqual([]);
  });

  test('starts where the recipient wants it, and its hash is that of the whole', async () => {
    const pair = pairOfTransfers();
    const incoming = offeredTo(pair.juliet);
    const progress: number[] = [];
    const sent = send(pair.romeo, sourceOf(LETTER), { onProgress: (one) => progress.push(one) });
    const file = await incoming;
    const stream = await file.accept(20);
    expect(await readAll(stream)).toEqual(LETTER.subarray(20));
    await file.confirm(Buffer.alloc(32));
    expect(await sent).toEqual({ size: 50, sha256: sha256(LETTER), blockSize: 4, window: 3 });
    expect(progress[0]).toBeGreaterThan(20);
    expect(await leftOf(pair)).toEqual([]);
  });

  test('is not taken for sent when the recipient wants a part that ends before it', async () => {
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        const text = stanza.toString();
        const range = '<range offset="20" length="15"/>';
        deliver(text.includes('session-accept') ? parse(text.replace('<range/>', range)) : stanza);
      },
    });
    const incoming = offeredTo(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    const refused = expect(sent).rejects.toThrow(RecipientRefused);
    const file = await incoming;
    file.accept().catch(() => undefined); // it is broken off
    await refused;
    await expect(sent).rejects.toThrow('wants only 15 bytes of 50, which would be no whole file');
  });

  test('is not done when the recipient has said nothing of it for a minute, though it has acknowledged all (R70)', async () => {
    const pair = pairOfTransfers();
    const incoming = offeredTo(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    sent.catch(() => undefined); // is told of below
    const stream = await (await incoming).accept();
    await takeAll(stream); // and so closes, and says nothing else
    await pair.clock.advance(59_999);
    expect(pair.wire.find(/^romeo: session-terminate/)).toEqual([]);
    expect(pair.wire.find(/^romeo: session-info/).length).toBeGreaterThan(1);
    await pair.clock.advance(1);
    await expect(sent).rejects.toThrow(FileUnconfirmed);
    await expect(sent).rejects.toThrow(/may not have it$/);
    expect(pair.wire.find(/^romeo: session-terminate/)).toEqual([
      'romeo: session-terminate timeout',
    ]);
    await settled();
    expect(await leftOf(pair)).toEqual([]);
  });

  test('is there when the recipient says so after 59 seconds (R70)', async () => {
    const pair = pairOfTransfers();
    const incoming = offeredTo(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    const file = await incoming;
    await readAll(await file.accept());
    await pair.clock.advance(59_000);
    void file.confirm(Buffer.alloc(32));
    expect(await sent).toEqual({ size: 50, sha256: sha256(LETTER), blockSize: 4, window: 3 });
  });

  test('is not done because the recipient says so before it has all (R11, R805)', async () => {
    const pair = pairOfTransfers();
    const incoming = offeredTo(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    const file = await incoming;
    await file.accept();
    await file.fail({ condition: 'success' });
    await expect(sent).rejects.toThrow(ChannelBroken);
    await expect(sent).rejects.toThrow(
      /^juliet@\S+ ended it as done, and did not say that it has all of the file$/,
    );
    await settled();
    expect(await leftOf(pair)).toEqual([]);
  });

  test('ends at once when the recipient is content before it has all, and answers no more (R806)', async () => {
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => stanza.getChild('data', NS_IBB) ?? deliver(stanza),
    });
    const incoming = offeredTo(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    const file = await incoming;
    await file.accept();
    await file.fail({ condition: 'success' });
    // No clock is turned.
    await expect(sent).rejects.toThrow('ended it as done');
  });

  test('is not done because the recipient wants nothing of it and is content (R803)', async () => {
    const pair = pairOfTransfers();
    const incoming = offeredTo(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    const file = await incoming;
    const stream = await file.accept(50);
    stream.resume().once('end', () => file.fail({ condition: 'success' }));
    await expect(sent).rejects.toThrow(FileUnconfirmed);
  });

  test('is done when the recipient wants nothing of it and says that it has it (R803)', async () => {
    const pair = pairOfTransfers();
    const incoming = offeredTo(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    const file = await incoming;
    await readAll(await file.accept(50));
    await file.confirm(Buffer.alloc(32));
    expect(await sent).toMatchObject({ size: 50, sha256: sha256(LETTER) });
  });

  test('is refused after it was begun: nobody is left waiting', async () => {
    const pair = pairOfTransfers();
    const incoming = offeredTo(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    const stream = await (await incoming).accept();
    stream.destroy();
    await expect(sent).rejects.toThrow(ChannelBroken);
    await settled();
    expect(await leftOf(pair)).toEqual([]);
  });

  const verdicts = [
    [{ condition: 'media-error', text: 'another hash' }, FileMismatch, /got other bytes.*hash/],
    [{ condition: 'failed-application' }, RecipientRefused, /could not keep/],
    [{ condition: 'cancel' }, ChannelBroken, /cancel/],
    [{ condition: 'gone' }, ChannelBroken, /gone/],
  ] as const;
  test.each(verdicts)('ends as its recipient says: %j', async (reason, type, message) => {
    const pair = pairOfTransfers();
    const incoming = offeredTo(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    const file = await incoming;
    const stream = await file.accept();
    stream.once('data', () => file.fail(reason));
    await expect(sent).rejects.toThrow(type);
    await expect(sent).rejects.toThrow(message);
    await settled();
    expect(await leftOf(pair)).toEqual([]);
  });

  test('is spoilt on its way: both sides say so, and nothing is kept', async () => {
    const spoilt = Buffer.from('?').toString('base64');
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        const data = stanza.getChild('data', NS_IBB);
        if (data?.attrs.seq !== '12') return deliver(stanza);
        deliver(parse(stanza.toString().replace(/>[^<]+<\/data>/, `>${spoilt}${'</data>'}`)));
      },
    });
    const source = sourceOf(LETTER.subarray(0, 49));
    const { inbox, received } = receive(pair.juliet);
    await expect(send(pair.romeo, source)).rejects.toThrow(FileMismatch);
    await expect(received).rejects.toThrow(FileMismatch);
    expect(inbox).toMatchObject({ files: new Map(), partials: 0 });
    await settled();
    expect(await leftOf(pair)).toEqual([]);
  });
});

// It was never noticed: nothing of what came after could be written, nor be refused.
test('a recipient that closes while the source has nothing to say is an error', async () => {
  const { romeo, juliet } = pairOfServices();
  const hers = acceptedBy(juliet);
  const slow: Source = {
    name: 'pipe',
    read: async function* () {
      yield Buffer.from('x');
      await new Promise(() => undefined);
    },
  };
  const accepted = await offerBare(romeo)(
    { peer: JULIET, ways: [] },
    { name: 'pipe' },
    { signal: never },
  );
  const progress = new Promise<void>((resolve) => accepted.channel.once('acknowledged', resolve));
  const sent = sendFile(
    accepted,
    slow,
    { name: 'pipe' },
    { signal: never, onProgress: () => undefined, onRead: () => undefined },
  );
  const stream = (await hers).resume();
  await progress;
  stream.end();
  await expect(sent).rejects.toThrow(ChannelBroken);
  await expect(sent).rejects.toThrow('it closed first');
});

test('a recipient that wants nothing of a file by SI has not said that it has it (R803)', async () => {
  const { romeo, juliet, sessions } = pairOfServices();
  const [his, hers] = [
    new SiFileTransfers(sessions[0], romeo),
    new SiFileTransfers(sessions[1], juliet),
  ];
  hers.onOffer = (file) => void file.accept({ offset: 50 }).then((stream) => stream.resume());
  const offer = await describeSource(sourceOf(LETTER), never, ['sha-256', 'md5']);
  const accepted = await offerBySi(his)({ peer: JULIET, ways: [] }, offer, { signal: never });
  const sent = sendFile(accepted, sourceOf(LETTER), offer, {
    ...{ signal: never, onProgress: () => undefined, onRead: () => undefined },
  });
  await expect(sent).rejects.toThrow(FileUnconfirmed);
  await expect(sent).rejects.toThrow(
    /^juliet@\S+ wanted nothing of the file, and did not say that it has it$/,
  );
});

// The recipient may have the beginning of another file, and compare no hash.
test('a file that has changed is not gone on with by SI', async () => {
  const { romeo, juliet, sessions } = pairOfServices();
  const [his, hers] = [
    new SiFileTransfers(sessions[0], romeo),
    new SiFileTransfers(sessions[1], juliet),
  ];
  const received = new Promise<Buffer>((resolve, reject) => {
    hers.onOffer = (file) =>
      file.accept({ offset: 20 }).then((stream) => {
        stream.endAt(LETTER.length - 20);
        return readAll(stream).then(resolve, reject);
      }, reject);
  });
  const offer = await describeSource(sourceOf(LETTER), never, ['sha-256', 'md5']);
  const changed = sourceOf(Buffer.concat([Buffer.alloc(20), LETTER.subarray(20)]));
  const accepted = await offerBySi(his)({ peer: JULIET, ways: [] }, offer, { signal: never });
  const sent = sendFile(accepted, changed, offer, {
    signal: never,
    onProgress: () => undefined,
    onRead: () => undefined,
  });
  const outcomes = await Promise.allSettled([sent, received]);
  expect(outcomes.map((one) => (one as PromiseRejectedResult).reason)).toEqual([
    expect.any(SourceChanged),
    expect.any(ChannelBroken),
  ]);
});

test('of a file with other bytes than were described, the last stay here, whatever the recipient compares (R1051)', async () => {
  const { romeo, juliet, sessions } = pairOfServices();
  const [his, hers] = [
    new SiFileTransfers(sessions[0], romeo),
    new SiFileTransfers(sessions[1], juliet),
  ];
  const bytes = pattern(3 * 4096);
  const came: Buffer[] = [];
  hers.onOffer = async (file) => {
    const stream = await file.accept();
    stream.on('data', (block) => came.push(block)).on('error', () => undefined);
  };
  const offer = await describeSource(sourceOf(bytes), never, ['sha-256', 'md5']);
  const changed = sourceOf(bytes, {
    read: async function* () {
      for (let count = 0; count < 3; count += 1) {
        yield Buffer.alloc(4096);
        await settled(); // what was let go arrives
      }
    },
  });
  const accepted = await offerBySi(his)({ peer: JULIET, ways: [] }, offer, { signal: never });
  const sent = sendFile(accepted, changed, offer, {
    signal: never,
    onProgress: () => undefined,
    onRead: () => undefined,
  });
  await expect(sent).rejects.toThrow(SourceChanged);
  await settled();
  expect(Buffer.concat(came)).toHaveLength(2 * 4096);
});
