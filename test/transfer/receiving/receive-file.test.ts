import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ChannelBroken } from '../../../src/protocol/channel.js';
import type { FileOffer } from '../../../src/protocol/file-offer.js';
import type { IncomingJingleFile } from '../../../src/protocol/jingle/incoming-jingle-file.js';
import { NS_JINGLE, type Reason } from '../../../src/protocol/jingle/stanzas.js';
import type { IncomingSiFile } from '../../../src/protocol/si/incoming-si-file.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import * as si from '../../../src/protocol/si/stanzas.js';
import { bareJid } from '../../../src/session/jid.js';
import { xml } from '../../../src/session/xml.js';
import { NoFolder, NoRoom } from '../../../src/transfer/inbox-errors.js';
import { identityOf } from '../../../src/transfer/receiving/identity.js';
import type { PartialFile } from '../../../src/transfer/receiving/inbox.js';
import { receiveFile } from '../../../src/transfer/receiving/receive-file.js';
import { OfferedAgain, StillUnderWay } from '../../../src/transfer/reception-errors.js';
import { FileMismatch, RecipientRefused } from '../../../src/transfer/recipient-errors.js';
import { type BareChannel, incomingBare } from '../../../src/transfer/ways/bare.js';
import type { IncomingOffer } from '../../../src/transfer/ways/incoming.js';
import { incomingByJingle } from '../../../src/transfer/ways/jingle.js';
import { incomingBySi } from '../../../src/transfer/ways/si.js';
import {
  pairOfBytestreams,
  pairOfServices,
  pattern,
  unattended,
} from '../../protocol/ibb/bytestreams.js';
import { leftOf, offeredTo, type Pair, pairOfTransfers } from '../../protocol/jingle/transfers.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { QUIET, receive, send, sha256, sourceOf } from '../transfers.js';

const LETTER = pattern(50);

const digest = (name: string, bytes: Buffer) => createHash(name).update(bytes).digest();

/** Romeo sends these bytes of an offer by hand; Juliet takes it into an inbox. */
async function sentByHand(pair: Pair, offer: FileOffer, bytes: Buffer) {
  const { inbox, received } = receive(pair.juliet);
  const his = await pair.romeo.offer(JULIET, offer);
  unattended(his.channel).end(bytes);
  const confirmed = his.confirmed();
  confirmed.catch(() => undefined); // each test says what becomes of it
  await settled();
  return { inbox, received, his, confirmed };
}

const nothing = { files: new Map(), partials: 0 };

describe('a file with hashes', () => {
  const hashes = new Map([
    ['sha-1', digest('sha1', LETTER)],
    ['sha3-256', digest('sha3-256', LETTER)],
  ]);

  test('is kept when it has all of them', async () => {
    const pair = pairOfTransfers();
    const { inbox, received } = await sentByHand(pair, { name: 'a', size: 50, hashes }, LETTER);
    expect(await received).toMatchObject({ path: '/inbox/a', size: 50, sha256: sha256(LETTER) });
    expect(inbox.files.get('a')).toEqual(LETTER);
  });

  test('is counted for the account of its sender, whatever the resource (R94)', async () => {
    const offer = { name: 'a', size: 50, hashes };
    const { inbox, received } = await sentByHand(pairOfTransfers(), offer, LETTER);
    await received;
    expect(inbox.accounts).toEqual([bareJid(ROMEO)]);
  });

  test('is published with the date that was offered, and without one where none was (R72)', async () => {
    for (const dated of [{ date: new Date('2001-02-03T04:05:06Z') }, {}]) {
      const offer = { name: 'a', size: 50, hashes, ...dated };
      const { inbox, received } = await sentByHand(pairOfTransfers(), offer, LETTER);
      await received;
      expect(inbox.dates).toEqual(new Map([['a', dated.date]]));
    }
  });

  test('is not kept when it has all but one (R12)', async () => {
    const pair = pairOfTransfers();
    const others = new Map([...hashes, ['sha-512', digest('sha512', Buffer.alloc(50))]]);
    const offer = { name: 'a', size: 50, hashes: others };
    const { inbox, received } = await sentByHand(pair, offer, LETTER);
    await expect(received).rejects.toThrow(FileMismatch);
    await expect(received).rejects.toThrow('sha-512');
    expect(inbox).toMatchObject(nothing);
    expect(pair.wire.find('juliet: session-terminate media-error')).toHaveLength(1);
    expect(await leftOf(pair)).toEqual([]);
  });
});

describe('a file whose hash is announced', () => {
  const offer = { name: 'a', size: 50 };
  const right = new Map([['sha-256', digest('sha256', LETTER)]]);
  const wrong = new Map([['sha-256', digest('sha256', Buffer.alloc(50))]]);

  test('waits for it, and is kept when it is right', async () => {
    const pair = pairOfTransfers();
    const { inbox, received, his, confirmed } = await sentByHand(pair, offer, LETTER);
    expect(inbox.files.size).toBe(0);
    await his.sendHashes(right);
    await received;
    expect(inbox.files.get('a')).toEqual(LETTER);
    expect(await confirmed).toBe('received');
    expect(await leftOf(pair)).toEqual([]);
  });

  test('is not kept when it is wrong', async () => {
    const pair = pairOfTransfers();
    const { inbox, received, his } = await sentByHand(pair, offer, LETTER);
    await his.sendHashes(wrong);
    await expect(received).rejects.toThrow(FileMismatch);
    expect(inbox).toMatchObject(nothing);
  });

  test.each([
    ['right', right, 'received'],
    ['wrong', wrong, 'FileMismatch'],
  ])('may be told before the bytes: a %s one', async (_what, hashes, outcome) => {
    const pair = pairOfTransfers();
    const { received } = receive(pair.juliet);
    const his = await pair.romeo.offer(JULIET, offer);
    await his.sendHashes(hashes);
    unattended(his.channel).end(LETTER);
    his.confirmed().catch(() => undefined); // what he hears is not the matter
    const ended = await received.then(
      () => 'received',
      (error) => error.name,
    );
    expect(ended).toBe(outcome);
  });

  test('is kept when it is not told within 10 seconds', async () => {
    const pair = pairOfTransfers();
    const { inbox, received } = await sentByHand(pair, offer, LETTER);
    await pair.clock.advance(9_999);
    expect(inbox.files.size).toBe(0);
    await pair.clock.advance(1);
    await received;
    expect(inbox.files.get('a')).toEqual(LETTER);
    await settled();
    expect(await leftOf(pair)).toEqual([]);
  });

  test('is not kept when its sender cancels instead of telling it', async () => {
    const pair = pairOfTransfers();
    const { inbox, received, his } = await sentByHand(pair, offer, LETTER);
    await his.cancel({ condition: 'cancel' });
    await expect(received).rejects.toThrow('cancel');
    expect(inbox).toMatchObject(nothing);
    expect(await leftOf(pair)).toEqual([]);
  });

  test('is told only of the algorithms that were computed', async () => {
    const pair = pairOfTransfers();
    const { inbox, received, his } = await sentByHand(pair, offer, LETTER);
    await his.sendHashes(new Map([['sha-512', digest('sha512', Buffer.alloc(1))], ...right]));
    await received;
    expect(inbox.files.get('a')).toEqual(LETTER);
  });
});

describe('a file of another length', () => {
  test.each([0, 1, 49])('is not kept: %s bytes of 50 (R12)', async (size) => {
    const pair = pairOfTransfers();
    const offer = { name: 'a', size: 50 };
    const { inbox, received } = await sentByHand(pair, offer, LETTER.subarray(0, size));
    await expect(received).rejects.toThrow(`it sent ${size} of 50 bytes`);
    await expect(received).rejects.toThrow(ChannelBroken);
    expect(inbox).toMatchObject(nothing);
    expect(pair.wire.find('juliet: close refused, not-acceptable/cancel')).toHaveLength(1);
    expect(pair.wire.find('juliet: session-terminate failed-transport')).toHaveLength(1);
    expect(await leftOf(pair)).toEqual([]);
  });

  test('is not kept: more than 50 bytes (R12)', async () => {
    const pair = pairOfTransfers({ blockSize: 60 });
    const { inbox, received } = await sentByHand(pair, { name: 'a', size: 50 }, pattern(51));
    await expect(received).rejects.toThrow(ChannelBroken);
    expect(inbox).toMatchObject(nothing);
    expect(await leftOf(pair)).toEqual([]);
  });
});

describe('an inbox that fails', () => {
  const full = async () => {
    throw new Error('the disk is full');
  };
  const failures = ['createPartial', 'write', 'publish'] as const;

  /** Its partials fail in this. */
  function failing(what: (typeof failures)[number]) {
    const inbox = new MemoryInbox();
    const { createPartial } = inbox;
    inbox.createPartial = async (): Promise<PartialFile> => {
      if (what === 'createPartial') return full();
      return { ...(await createPartial.call(inbox)), [what]: full };
    };
    return inbox;
  }

  test.each(failures)('to %s is told to the sender, and nothing is left (R40)', async (what) => {
    const pair = pairOfTransfers();
    const { inbox, received } = receive(pair.juliet, failing(what));
    await expect(send(pair.romeo, sourceOf(LETTER))).rejects.toThrow(RecipientRefused);
    await expect(received).rejects.toThrow('the disk is full');
    expect(inbox).toMatchObject(nothing);
    await settled();
    expect(await leftOf(pair)).toEqual([]);
  });

  test('to discard what did not arrive does not hide why', async () => {
    const pair = pairOfTransfers();
    const inbox = failing('write');
    const { createPartial } = inbox;
    inbox.createPartial = async () => ({ ...(await createPartial()), discard: full });
    const { received } = receive(pair.juliet, inbox);
    await expect(send(pair.romeo, sourceOf(LETTER))).rejects.toThrow(RecipientRefused);
    await expect(received).rejects.toThrow('the disk is full');
  });
});

test.each([
  ['EMFILE', 'busy'],
  ['ENFILE', 'busy'],
  ...['EIO', 'EROFS', 'EACCES', 'ENOTDIR'].map((code) => [code, 'decline']),
  ['ENOSPC', 'media-error'],
])(
  'a sender whose file the machine has no means for (%s) is told %s (R81, R114)',
  (code = '', condition) => {
    const told: Reason[] = [];
    const fail = async (reason: Reason) => void told.push(reason);
    incomingByJingle({ fail } as IncomingJingleFile).fail(Object.assign(new Error(code), { code }));
    expect(told).toMatchObject([{ condition }]);
  },
);

test('a sender whose file has no room for now is told that the recipient is busy (R89)', () => {
  const told: unknown[] = [];
  const jingle = { fail: async ({ condition }: Reason) => void told.push(condition) };
  const bySi = { decline: () => told.push('no'), refuseForNow: () => told.push('wait'), offer: {} };
  for (const isPassing of [true, false]) {
    incomingByJingle(jingle as IncomingJingleFile).fail(new NoRoom('no room', isPassing));
    incomingBySi(bySi as unknown as IncomingSiFile).fail(new NoRoom('no room', isPassing));
  }
  expect(told).toEqual(['busy', 'wait', 'media-error', 'no']);
});

test('a file whose folder cannot be made is refused before a byte of it, and its sender hears why (R405)', async () => {
  const pair = pairOfTransfers();
  const inbox = new MemoryInbox();
  const wanted: unknown[] = [];
  inbox.createPartial = async ({ folders, name } = {}) => {
    wanted.push([folders?.owner.account, folders?.offered, name]);
    throw new NoFolder('its path is too long here');
  };
  const { received } = receive(pair.juliet, inbox);
  received.catch(() => undefined); // is told of below
  const offered = pair.romeo.offer(JULIET, { name: 'a', path: ['b', 'c', 'a'], size: 50 });
  const { reason } = await offered.catch((error) => error);
  expect(reason).toMatchObject({ condition: 'decline', text: 'its path is too long here' });
  await expect(received).rejects.toThrow('its path is too long here');
  expect(wanted).toEqual([[bareJid(ROMEO), ['b', 'c'], 'a']]);
});

describe('the sender hears that a file is there', () => {
  test('when it is, and not before (R39)', async () => {
    const pair = pairOfTransfers();
    const inbox = new MemoryInbox();
    const { createPartial } = inbox;
    let publish = () => {};
    inbox.createPartial = async () => {
      const partial = await createPartial.call(inbox);
      const isTime = new Promise<void>((resolve) => {
        publish = resolve;
      });
      return { ...partial, publish: (name) => isTime.then(() => partial.publish(name)) };
    };
    const { received } = receive(pair.juliet, inbox);
    const sent = send(pair.romeo, sourceOf(LETTER));
    await settled();
    const confirmed = /^juliet: (session-info received|close taken)/;
    expect(pair.wire.find(confirmed)).toEqual([]);
    publish();
    await sent;
    await received;
    expect(pair.wire.find(confirmed)).toHaveLength(2);
  });

  test('and it stays there when the sender does not answer', async () => {
    let isMute = false;
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        isMute ||= stanza.getChild('jingle', NS_JINGLE)?.attrs.action === 'session-info';
        if (!isMute) deliver(stanza);
      },
    });
    const { inbox } = receive(pair.juliet);
    const sent = send(pair.romeo, sourceOf(LETTER));
    sent.catch(() => undefined); // what it hears is not the matter
    await settled();
    expect(isMute).toBe(true);
    expect(inbox.files.get('letter.txt')).toEqual(LETTER);
  });
});

describe('a bytestream that nobody announced', () => {
  const NOW = new Date('2026-01-02T03:04:05.678Z');

  test('has sender and time for a name', async () => {
    const { his, hers } = await pairOfBytestreams({ halfOpen: true });
    const inbox = new MemoryInbox();
    const file = incomingBare(hers, NOW);
    expect(file.offer).toEqual({ name: 'romeo@montague.example 2026-01-02T03-04-05' });
    his.resume().end(LETTER);
    const { size, sha256: hex } = await receiveFile(file, inbox, QUIET);
    expect({ size, hex }).toEqual({ size: 50, hex: sha256(LETTER) });
    expect(inbox.files.get(file.offer.name)).toEqual(LETTER);
  });

  test('is named after the account that an escaped JID stands for (R68)', () => {
    const named = (peer: string) =>
      incomingBare({ peer, sid: 's1' } as BareChannel, NOW).offer.name;
    expect(named('joe\\40corp.com@gw.example/x')).toBe(
      'joe@corp.com@gw.example 2026-01-02T03-04-05',
    );
    expect(named('..\\5c..\\2fetc@gw.example/x')).toBe('.._.._etc@gw.example 2026-01-02T03-04-05');
  });

  test('is broken off when it cannot be kept', async () => {
    const { his, hers } = await pairOfBytestreams({ halfOpen: true });
    const inbox = new MemoryInbox();
    inbox.createPartial = async () => {
      throw new Error('the disk is full');
    };
    const received = receiveFile(incomingBare(hers, NOW), inbox, QUIET);
    unattended(his).write(LETTER);
    await expect(received).rejects.toThrow('the disk is full');
    await settled();
    expect(his.errored).toBeInstanceOf(ChannelBroken);
  });
});

test('a sealed file whose kept part was gone when it was proven is offered again (R530)', async () => {
  const { hers } = await pairOfBytestreams({ halfOpen: true });
  const inbox = new MemoryInbox();
  inbox.keptOf = () => 20;
  const done: unknown[] = [];
  const file = {
    ...incomingBare(hers, new Date(0)),
    ...{ offer: { name: 'letter.txt', size: 50 }, peerKey: Buffer.alloc(32, 1), ranged: true },
    accept: async (offset?: number) => {
      done.push(offset, inbox.partials);
      return hers;
    },
    fail: (error: Error) => void done.push(error),
  };
  const onProven = async () => void done.push(inbox.partials);
  const received = receiveFile(file, inbox, { ...QUIET, onProven });
  await expect(received).rejects.toThrow(StillUnderWay);
  await expect(received).rejects.toThrow('what was kept of it has changed; its sender comes again');
  expect(done).toEqual([20, 0, 0, expect.any(StillUnderWay)]);
});

test('a sealed file whose sender goes while what is kept is read again is not read to its end', async () => {
  const { hers } = await pairOfBytestreams({ halfOpen: true });
  const inbox = new MemoryInbox();
  inbox.createPartial = async (wanted = {}) => {
    unattended(hers).destroy();
    await settled();
    wanted.onRead?.(1);
    throw new Error('it was read on');
  };
  const file = {
    ...incomingBare(hers, new Date(0)),
    ...{ offer: { name: 'letter.txt', size: 50 }, peerKey: Buffer.alloc(32, 1), ranged: true },
    accept: async () => hers,
    fail: () => undefined,
  };
  await expect(receiveFile(file, inbox, QUIET)).rejects.toThrow('its sender has gone');
});

test('a sealed file is gone on with where an earlier transfer leaves it, which ends when it is proven (R770)', async () => {
  const { his, hers } = await pairOfBytestreams({ halfOpen: true });
  const inbox = new MemoryInbox();
  const identified = { size: 50, hashes: new Map([['sha-256', digest('sha256', LETTER)]]) };
  const offsets: unknown[] = [];
  const file = {
    ...incomingBare(hers, new Date(0)),
    ...{ offer: { name: 'letter.txt', ...identified }, peerKey: Buffer.alloc(32, 1), ranged: true },
    accept: async (offset?: number) => {
      offsets.push(offset);
      return hers;
    },
  };
  const earlier = await inbox.createPartial({ identity: identityOf(file) ?? '', size: 50 });
  await earlier.write(LETTER.subarray(0, 20));
  const received = receiveFile(file, inbox, {
    ...{ ...QUIET, left: 20, onProven: () => earlier.keep() },
    onStart: (offset) => void offsets.push(offset),
  });
  await settled();
  his.resume().end(LETTER.subarray(20));
  await received;
  expect(offsets).toEqual([20, 20]);
  expect(inbox.files.get('letter.txt')).toEqual(LETTER);
});

test.each([
  ['begins where an earlier transfer of it gives way', 20, undefined],
  ['begins where one gives way of which nothing has come', 0, undefined],
  ['is refused where none does', undefined, 'declined'],
])('a sealed file for which there is no room %s (R1042)', async (_, left, as) => {
  const { hers } = await pairOfBytestreams({ halfOpen: true });
  const inbox = new MemoryInbox();
  inbox.checkRoom = async () => {
    throw new NoRoom('what the earlier one takes is missing');
  };
  const accepted: unknown[] = [];
  const file = {
    ...incomingBare(hers, new Date(0)),
    ...{ offer: { name: 'letter.txt', size: 50 }, peerKey: Buffer.alloc(32, 1), ranged: true },
    accept: async (offset?: number, answer?: string) => {
      accepted.push(offset, answer);
      throw new ChannelBroken(0, new Error('seen enough'));
    },
  };
  await expect(receiveFile(file, inbox, { ...QUIET, left })).rejects.toThrow(ChannelBroken);
  expect(accepted).toEqual([left ?? 0, as]);
});

test.each<[string, { lane?: string; peerKey?: Buffer; told?: Buffer }, true | undefined]>([
  ['by a lane in the clear', { lane: 'a proxy' }, true],
  [
    'by a lane in the clear, with a hash',
    { lane: 'a proxy', told: digest('sha256', LETTER) },
    undefined,
  ],
  ['by a lane, sealed', { lane: 'a proxy', peerKey: Buffer.alloc(32, 1) }, undefined],
  ['in the stream', {}, undefined],
])(
  'a file that came %s is not verified where others could change it and no hash was told (R1043)',
  async (_, { lane, peerKey, told }, is) => {
    const { his, hers } = await pairOfBytestreams({ halfOpen: true });
    const channel = Object.defineProperty(hers, 'lane', { value: lane });
    const file = {
      ...{ ...incomingBare(hers, new Date(0)), peerKey, accept: async () => channel },
      ...{ offer: { name: 'letter.txt', size: 50 }, hashFunctions: ['sha-256'] },
      hashes: async () => new Map(told ? [['sha-256', told]] : []),
    };
    const received = receiveFile(file, new MemoryInbox(), QUIET);
    await settled();
    his.resume().end(LETTER);
    expect((await received).unverified).toBe(is);
  },
);

test('what has come and cannot be used yet is told (R540)', async () => {
  const { his, hers } = await pairOfBytestreams({ halfOpen: true });
  let arrived = 0;
  const onArrived = () => {
    arrived += 1;
  };
  const received = receiveFile(incomingBare(hers, new Date(0)), new MemoryInbox(), {
    ...{ ...QUIET, onArrived },
  });
  await settled();
  hers.emit('arrived');
  his.resume().end(LETTER);
  await received;
  expect(arrived).toBe(1);
});

// A second offer of the same file waited for a minute, until nobody could open the bytestream any more.
test('a file by SI that is given up does not wait for its bytestream', async () => {
  const { juliet, sessions } = pairOfServices();
  const transfers = new SiFileTransfers(sessions[1], juliet);
  const accepting = new Promise<unknown>((resolve, reject) => {
    transfers.onOffer = (file) => {
      const offer = incomingBySi(file);
      offer.accept(0).then(resolve, reject);
      setImmediate(() => offer.fail(new OfferedAgain('the sender has begun anew')));
    };
  });
  const outcome = expect(accepting).rejects.toThrow(OfferedAgain);
  await sessions[0].request('set', JULIET, si.offer('a0', { name: 'letter.txt', size: 50 }));
  await outcome;
});

describe('a file by SI that is gone on with', () => {
  const md5 = digest('md5', LETTER);
  const offer = { name: 'letter.txt', size: 50, hashes: new Map([['md5', md5]]) };
  const kept = JSON.stringify(['romeo@montague.example', 50, [['md5', md5.toString('hex')]]]);

  /** Juliet has 20 bytes of it; Romeo sends these, and closes or not. */
  async function goneOn(bytes: Buffer, closes = true) {
    const { romeo, juliet, sessions } = pairOfServices();
    const inbox = new MemoryInbox();
    inbox.kept.set(kept, LETTER.subarray(0, 20));
    const transfers = new SiFileTransfers(sessions[1], juliet);
    const received = new Promise<unknown>((resolve, reject) => {
      transfers.onOffer = (file) =>
        receiveFile(incomingBySi(file), inbox, QUIET).then(resolve, reject);
    });
    received.catch(() => undefined); // each test says what becomes of it
    const asked = await sessions[0].request('set', JULIET, si.offer('a0', offer));
    expect(si.readAcceptedRange(asked, offer)).toEqual({ offset: 20 });
    const stream = unattended(await romeo.open(JULIET, { sid: 'a0', blockSize: 10 }));
    if (closes) stream.end(bytes);
    else stream.write(bytes);
    await settled();
    return { inbox, received };
  }

  test.each([
    ['closes', true],
    ['does not close', false],
  ])('is there when the rest has come and its sender %s', async (_what, closes) => {
    const { inbox, received } = await goneOn(LETTER.subarray(20), closes);
    await received;
    expect(inbox.files.get('letter.txt')).toEqual(LETTER);
  });

  test('is not kept when its sender begins at the start all the same', async () => {
    const { inbox, received } = await goneOn(LETTER);
    await expect(received).rejects.toThrow(FileMismatch);
    expect(inbox).toMatchObject({ ...nothing, kept: new Map() });
  });
});

describe('two files of one name, size and date are never mixed (R71)', () => {
  const facts = { name: 'letter.txt', size: 50, date: new Date(0) };
  const unasked = () => Promise.reject(new Error('nobody asks'));
  const offering = (offer: FileOffer): IncomingOffer => ({
    ...{ peer: ROMEO, sid: 'a0', offer, hashFunctions: ['sha-256'], ranged: true },
    ...{ accept: unasked, hashes: unasked, confirm: unasked, fail: () => undefined },
  });
  const hashes = new Map([['sha-256', digest('sha256', LETTER)]]);

  test('where no hash is told before the bytes: nothing of them is gone on with', () => {
    expect(identityOf(offering(facts))).toBeUndefined();
    expect(identityOf(offering({ ...facts, hashes: new Map() }))).toBeUndefined();
  });

  test('where their hashes differ', () => {
    const others = new Map([['sha-256', digest('sha256', pattern(49))]]);
    const [one, other] = [hashes, others].map((hashes) =>
      identityOf(offering({ ...facts, hashes })),
    );
    expect(one).toBeDefined();
    expect(one).not.toBe(other);
  });

  test('by a hash that is told after the one that was offered', async () => {
    const pair = pairOfTransfers();
    const inbox = new MemoryInbox();
    const { received } = receive(pair.juliet, inbox);
    const his = await pair.romeo.offer(JULIET, { ...facts, hashes });
    const mixed = Buffer.concat([LETTER.subarray(0, 20), Buffer.alloc(30)]);
    await his.sendHashes(new Map([['sha-256', digest('sha256', mixed)]]));
    unattended(his.channel).end(mixed);
    await expect(received).rejects.toThrow(FileMismatch);
    expect(inbox.files.size).toBe(0);
  });

  test('by a recipient that asks for a part where none was offered, for want of a hash', async () => {
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        const text = stanza.toString();
        const isAnswer = text.includes('session-accept');
        deliver(isAnswer ? parse(text.replace('<size>', '<range offset="20"/><size>')) : stanza);
      },
    });
    const incoming = offeredTo(pair.juliet);
    const outcome = pair.romeo.offer(JULIET, facts, { timeout: 1000 });
    outcome.catch(() => undefined); // is told of below
    const file = await incoming;
    expect(file.ranged).toBe(false);
    await expect(file.accept()).rejects.toThrow('it cannot begin there');
    await pair.clock.advance(1000);
    await expect(outcome).rejects.toThrow();
  });

  test('by SI: without a hash no part is offered, nor sent', () => {
    expect(si.readOffer(si.offer('a0', facts)).ranged).toBe(false);
    const reply = xml('iq', {}, si.answer(20));
    expect(() => si.readAcceptedRange(reply, facts)).toThrow('not in the file');
    const md5 = new Map([['md5', digest('md5', LETTER)]]);
    expect(si.readOffer(si.offer('a0', { ...facts, hashes: md5 })).ranged).toBe(true);
    expect(si.readAcceptedRange(reply, { ...facts, hashes: md5 })).toEqual({ offset: 20 });
  });
});
